"""The techniques of the course lecture that semsearch is built from: what each is, how to run it, where to see it.

One source for docs/lecture.md (`make docs`), the page `/-/semsearch/lecture` and "How this works" on each page.
Commands and pages refer to the file that `semsearch demo` writes, unless a command before them makes what they need.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Technique:
    """One row of the guide.

    `key` is its anchor; `what` two sentences; `formula` plain text, its lines separated by three blanks; `page` the
    part of a page's address after `/-/semsearch/`; `page_name` its tab; `builders` those whose collections show it.
    """

    key: str
    name: str
    what: str
    formula: str
    command: str
    page: str
    page_name: str
    look_at: str
    builders: tuple[str, ...]

    @property
    def formulas(self) -> list[str]:  # a line each
        return self.formula.split("   ")


@dataclass(frozen=True)
class Part:
    """Techniques that belong together, in the order of the lecture."""

    title: str
    techniques: tuple[Technique, ...]


LINEAR = Part(
    "Linear embeddings",
    (
        Technique(
            "svd",
            "Singular value decomposition: the optimal linear autoencoder",
            "The encoder V maps a row x to k numbers and the decoder Vᵀ maps them back, and no other linear encoder and"
            " decoder with k numbers has a smaller squared error (Eckart & Young 1936). V holds the first k right"
            " singular vectors of the data matrix X, one row per item.",
            "X ≈ X_k = U S Vᵀ   encode: z = xV   decode: x̂ = zVᵀ   error: ‖X − X_k‖² = Σ_{i>k} s_i²",
            "semsearch evaluate images demo.db digits_pca",
            "digits_pca/reconstruct",
            "Reconstruct",
            "The mean squared error of pca (16 numbers per image), and how `build autoencoder --linear` approaches it"
            " but never gets below it on the training data.",
            ("pca", "autoencoder"),
        ),
        Technique(
            "principal-components",
            "Principal components, loading vectors, projection",
            "A loading is a scalar product: how similar the centred item is to a component. The loadings are also the"
            " coordinates of a projection: mean + Σ z_i v_i is the nearest item that k components can make, and"
            " projecting twice changes nothing.",
            "z_i = ⟨x − mean, v_i⟩   projection: x̂ = mean + Σ_i z_i v_i   scalar products: ⟨x, y⟩ ≈ ⟨z(x), z(y)⟩",
            "semsearch build pca demo.db digits --dim 60 --name digits_pca60",
            "digits_pca/item/7",
            "Item",
            "The fingerprint (the loadings as bars), both readings of the strongest ones, and the image rebuilt from"
            " 1, 2, 4, … of its loadings.",
            ("pca",),
        ),
        Technique(
            "lsa",
            "Term-document matrix and latent semantic analysis (LSA)",
            "X counts how often each term occurs in each document, weighted by log-tf·idf, and a truncated SVD"
            " gives every document k numbers. Two documents without a shared word are similar when their words occur"
            " together in other documents.",
            "X ≈ U S Vᵀ   documents: XV = US   a query q, weighted as a document is, folds in: qV",
            'semsearch search demo.db docs_lsa "compress a file" --mode vector --explain',
            "docs_lsa?q=compress+a+file&mode=vector&explain=1",
            "Search",
            "Under *Why these results?* the pairs of different words (query word, document word) that add up to the"
            " similarity; on the page *Topics* the strongest words and documents of each direction.",
            ("lsa",),
        ),
        Technique(
            "eigenfaces",
            "Eigenfaces",
            "The principal components of a set of images are images themselves: the directions along which they"
            " differ most. For faces they are called eigenfaces (Sirovich & Kirby 1987; Turk & Pentland 1991).",
            "X − mean ≈ U S Vᵀ   component i: row v_i of Vᵀ, shown as an image (0 is grey)",
            "semsearch build pca demo.db digits",
            "digits_pca/components",
            "Components",
            "The mean image, the components from strongest to weakest, and the curve of the variance that the first k"
            " of them explain.",
            ("pca",),
        ),
        Technique(
            "sigma",
            "Word vectors as a by-product of LSA, and both splits of Σ",
            "The same SVD gives a vector to every term: the rows of V. The singular values S may go to the documents"
            " (US and V), to the words (U and VS), or half to each, and whichever side carries S has its own scalar"
            " products approximated.",
            "documents: (US)(US)ᵀ ≈ XXᵀ   words: (VS)(VS)ᵀ ≈ XᵀX   even: (U√S)(V√S)ᵀ ≈ X",
            "semsearch build lsa demo.db docs --split words --power 0 --name docs_words",
            "docs_lsa_words",
            "Words",
            "The nearest words of `docs_lsa_words` (V) and of `docs_words_words` (VS): with S, frequent directions"
            " dominate.",
            ("lsa",),
        ),
    ),
)

WORDS = Part(
    "Words",
    (
        Technique(
            "similarity-recipe",
            "The general recipe: factor any similarity",
            "Write down a similarity for pairs of items and factor the matrix, so that scalar products of the vectors"
            " approximate it. Items with similar neighbours then get similar vectors, even if no pair connects them.",
            "M_ij = similarity(i, j)   M ≈ U S Vᵀ   vectors: U S^p   (p = ½: u_i · v_j ≈ M_ij)",
            "semsearch build factorize demo.db modules --table modules_edges --measure ppmi",
            "modules_factorize",
            "Search",
            "The nearest modules of one you know; the page *Runs* names the query or table of similarities.",
            ("factorize",),
        ),
        Technique(
            "window-counts",
            "Counts in a context window",
            "Two words co-occur when they are at most w words apart, and a pair at distance d counts 1/d (or 1 with"
            " `--distance-weighting flat`). With the whole document as window the counts are XᵀX, the matrix that LSA"
            " factors for words.",
            "n_ij = Σ over positions of word i: 1/d for each j at distance d ≤ w",
            "semsearch build pmi demo.db docs --window 5",
            "docs_pmi/cooccurrence?words=read+write+file+socket",
            "Counts",
            "The table of counts for a handful of words, with the PMI below each count.",
            ("pmi", "glove", "sgns"),
        ),
        Technique(
            "pmi",
            "Pointwise mutual information (PMI)",
            "PMI compares how often two words co-occur with how often they would if words were independent. It is 0"
            " for independent words, positive for words that attract each other, and minus infinity for words that"
            " never co-occur, which positive PMI (PPMI) replaces by 0.",
            "PMI_ij = ln( n_ij · N / (n_i · n_j) )   PPMI = max(PMI, 0)   contexts smoothed: n_j^0.75",
            "semsearch build pmi demo.db docs --measure ppmi --smoothing 0.75",
            "docs_pmi/item/socket",
            "Word",
            "The collocates of a word with counts and PMI (natural logarithm: 0.7 is twice as often as chance, 2.3 ten"
            " times as often).",
            ("pmi",),
        ),
        Technique(
            "word2vec",
            "word2vec as matrix factorisation",
            "Skip-gram with negative sampling learns to distinguish pairs that co-occur from random pairs. With enough"
            " dimensions its scalar products are PMI − ln k, so it factors a shifted PMI matrix (Levy & Goldberg"
            " 2014).",
            "loss: −Σ n_ij ln σ(w_i·c_j) − k Σ n_i E_j[ln σ(−w_i·c_j)]   optimum: w_i·c_j = PMI_ij − ln k",
            "semsearch build sgns demo.db docs --negative 5",
            "docs_sgns/runs",
            "Runs",
            "The loss curve, and the same words' neighbours in `docs_sgns` and in `docs_pmi`, which factors the same"
            " matrix in one step.",
            ("sgns",),
        ),
        Technique(
            "glove",
            "GloVe",
            "GloVe fits scalar products plus biases to the logarithm of the counts by weighted least squares. Rare"
            " pairs, whose counts are noisy, weigh less (Pennington, Socher & Manning 2014).",
            "loss: Σ f(n_ij) (w_i·c_j + b_i + d_j − ln n_ij)²   f(n) = min(1, (n / x_max)^0.75)",
            "semsearch build glove demo.db docs",
            "docs_glove/runs",
            "Runs",
            "The loss curve, and the same words' neighbours in `docs_glove`, `docs_sgns` and `docs_pmi`.",
            ("glove",),
        ),
        Technique(
            "not-psd",
            "PMI is not positive semidefinite: left, right and concatenated vectors",
            "A matrix of scalar products u_i·u_j has no negative eigenvalue and no negative diagonal, but PMI has:"
            ' frequent words such as "the" seldom occur near themselves, so their PMI_ii is below 0. An SVD therefore'
            " has two sides: left vectors for words, right vectors for contexts, which differ in sign along negative"
            " eigenvalues; use one, their sum, or both concatenated.",
            "M = Mᵀ = Q Λ Qᵀ   left: Q|Λ|^p   right: Q sign(Λ)|Λ|^p   negative mass: Σ_{λ<0} λ² / Σ λ²",
            "semsearch build pmi demo.db docs --side concat --name docs_concat",
            "docs_pmi/runs",
            "Runs",
            "`negative_mass` among the metrics: the share of the matrix that no scalar products of one set of vectors"
            " can represent.",
            ("pmi", "factorize"),
        ),
        Technique(
            "pretrained",
            "Pretrained vectors",
            "Word vectors learned elsewhere, from billions of words, are imported as a collection of their own. They"
            " know words and relations that a small corpus cannot teach, but not the corpus's own special terms.",
            "file: word v_1 v_2 … v_dim, one word per line (GloVe, word2vec, fastText)",
            "semsearch ingest vectors demo.db glove --from glove-6b-100",
            "glove",
            "Search",
            "The nearest words of a technical term in `glove` and in `docs_pmi`. Any file in one of these formats will"
            " do; `--from` downloads a listed public one.",
            ("imported",),
        ),
        Technique(
            "analogies",
            "Analogies by vector arithmetic",
            "If a relation is a constant offset between vectors, then b − a + c is near the missing word. Multiplying"
            " similarities instead of adding them (3CosMul, Levy & Goldberg 2014) keeps one large term from"
            " dominating.",
            "3CosAdd: argmax_d cos(d, b − a + c)   3CosMul: argmax_d cos(d, b) cos(d, c) / (cos(d, a) + ε)",
            "semsearch analogy demo.db docs_pmi read write reader",
            "docs_pmi/analogy?a=read&b=write&c=reader",
            "Analogy",
            "Both methods side by side, and the words nearest to b − a + c with the three query words included; on the"
            " page *Plot*, parallel lines for the same relation.",
            ("pmi", "glove", "sgns"),
        ),
        Technique(
            "sentences",
            "Features for sentences and documents from word vectors",
            "A document's vector is the weighted mean of its words' vectors; smooth inverse frequency (SIF) weights"
            " frequent words down and removes the direction common to all documents. The principal components of the"
            " document's word matrix can be appended.",
            "v = Σ_w n_w a_w w / Σ_w n_w   a_w = a / (a + p(w))   v ← v − u uᵀ v",
            "semsearch build wordmean demo.db docs --words docs_pmi",
            "docs_wordmean?q=compress+a+file",
            "Search",
            "The results compared with `docs_lsa`; `semsearch evaluate labels` for how well the vectors predict a"
            " column of labels.",
            ("wordmean",),
        ),
    ),
)

GRAPHS = Part(
    "Graphs",
    (
        Technique(
            "walks",
            "Node vectors from random walks",
            "A random walk is a sentence whose words are nodes, so co-occurrence counts on walks, PMI and an SVD give"
            " vectors for nodes (DeepWalk; node2vec biases the walks by p and q). NetMF computes the same matrix in"
            " closed form, without walking.",
            "walk: v_1 → v_2 → …   P = D⁻¹A   NetMF: M = ln⁺( vol(G)/(bT) · (Σ_{r=1..T} P^r) D⁻¹ )",
            "semsearch build deepwalk demo.db modules",
            "modules_netmf/item/zipfile",
            "Node",
            "The nearest nodes, the drawing of the neighbourhood, and suggested links: similar nodes that no edge"
            " joins.",
            ("netmf", "prone", "deepwalk", "node2vec"),
        ),
    ),
)

IMAGES = Part(
    "Images: autoencoders, self-supervision, generation",
    (
        Technique(
            "autoencoder",
            "What autoencoders are used for",
            "An encoder network maps an image to a latent code and a decoder maps it back, trained to minimise the"
            " reconstruction error. The same pair compresses, removes noise, fills in missing parts, enlarges and"
            " interpolates.",
            "loss: ‖x − D(E(x))‖²   denoising: ‖x − D(E(x + noise))‖²   variational: + KL(q(z|x) ‖ N(0, I))",
            "semsearch reconstruct demo.db digits_autoencoder -o grid.png --noise 0.3",
            "digits_autoencoder/reconstruct",
            "Reconstruct",
            "Reconstruction, denoising, filling a hole, enlarging and compression, each with its error and a simple"
            " baseline.",
            ("autoencoder",),
        ),
        Technique(
            "pretext",
            "Self-supervised tasks: relative patches, jigsaw puzzle, colorization, in-painting",
            "The labels come from the images themselves: where one patch is relative to another, the order of shuffled"
            " tiles, the colour of a grey image, the content of a hole. A network that solves the task has learned"
            " features that are useful for other tasks.",
            "patches: P(direction | patch₁, patch₂)   jigsaw: P(permutation | tiles)   colorization: P(ab | L)"
            "   in-painting: ‖x − D(E(masked x))‖²",
            "semsearch build patches demo.db digits --image-size 24 --seconds 60",
            "digits_patches/pretext",
            "Task",
            "Twelve images, each with the task's input, the network's prediction and the correct answer; the held-out"
            " accuracy compared with chance.",
            ("patches", "jigsaw", "colorization", "inpainting", "rotation", "contrastive"),
        ),
        Technique(
            "self-supervised",
            "Self-supervised features compared with an autoencoder's",
            "A code that reconstructs an image must describe every pixel, background included; a self-supervised task"
            " needs only what distinguishes objects. A linear probe measures the difference: logistic regression on"
            " frozen features, tested on held-out images.",
            "probe: argmax_y softmax(W f(x) + b)   accuracy on held-out x, from 1, 10, 100 or all labels per class",
            "semsearch evaluate images demo.db digits",
            "digits_pca/comparison",
            "Comparison",
            "One row per collection of the same images: linear probe, five nearest neighbours, accuracy from few"
            " labels, training seconds.",
            ("contrastive", "rotation", "patches", "jigsaw", "colorization", "inpainting"),
        ),
        Technique(
            "decoder-sampling",
            "Sampling from a decoder",
            "Random codes sent through a decoder give new images, if the codes come from the distribution of real"
            " codes. A variational autoencoder trains its codes towards N(0, I); for a plain one a Gaussian mixture is"
            " fitted to its codes.",
            "x = D(z)   z ~ N(0, I)   or   z ~ Σ_j π_j N(μ_j, Σ_j), fitted to E(x) of the training images",
            "semsearch sample demo.db digits_autoencoder -o samples.png --prior mixture",
            "digits_autoencoder/samples?prior=mixture",
            "Samples",
            "Samples of N(0, I) and of the fitted mixture; the nearest real images of one sample show whether it is a"
            " copy.",
            ("autoencoder", "pca"),
        ),
        Technique(
            "gan",
            "Generative adversarial networks: minimax and schedules",
            "A generator G maps random codes to images and a discriminator D learns to tell them from real ones; G is"
            " trained to fool D. The two can be updated at the same time or in turn, with k discriminator steps for"
            " each generator step.",
            "min_G max_D  E_x[ln D(x)] + E_z[ln(1 − D(G(z)))]   non-saturating: max_G E_z[ln D(G(z))]",
            "semsearch build gan demo.db digits --loss minimax --schedule simultaneous --seconds 60 --name minimax",
            "digits_gan/samples",
            "Samples",
            "The curves on *Runs*: losses, discriminator scores for training and held-out images, diversity (mode"
            " collapse when it falls); `--d-steps 3` alternates.",
            ("gan",),
        ),
    ),
)

PAGES = Part(
    "Used on the pages, beyond the lecture",
    (
        Technique(
            "hybrid",
            "Hybrid search",
            "Results are ranked by a weighted sum of the vector score (cosine) and the text score (BM25), each"
            " relative to its best hit. A query word that the model does not know still finds its documents through"
            " the text score.",
            "score = w · cosine / max cosine + (1 − w) · BM25 / max BM25",
            'semsearch search demo.db docs_lsa "random sample from a list" --mode hybrid',
            "docs_lsa?q=random+sample+from+a+list",
            "Search",
            "The two scores of each result, and how the order changes with the mode and the weight.",
            ("lsa", "wordmean"),
        ),
        Technique(
            "neighbours",
            "Nearest neighbours and near-duplicates",
            "Items are compared by the cosine of the angle between their vectors, and the nearest ones are listed"
            " first. Near-duplicates are pairs above a threshold that, for documents, also share most of their words.",
            "similarity(x, y) = x·y / (‖x‖ ‖y‖)   shared words: Σ_w min(n_w, m_w) / max(Σ n_w, Σ m_w)",
            "semsearch duplicates demo.db docs_lsa",
            "docs_lsa/duplicates",
            "Duplicates",
            "The pairs, closest first, with both figures.",
            ("lsa", "wordmean"),
        ),
        Technique(
            "clusters",
            "Clusters",
            "k-means divides the vectors into k groups, each around its mean. A cluster is named by the words that are"
            " more frequent in it than elsewhere.",
            "min Σ_i ‖x_i − μ_c(i)‖²   name: words with the largest  share inside · ln(share inside / share overall)",
            "semsearch cluster demo.db docs_lsa --clusters 20",
            "docs_lsa/clusters",
            "Clusters",
            "The names of the clusters, their sizes, and the items nearest to each centre.",
            ("lsa", "wordmean"),
        ),
        Technique(
            "labels",
            "Predicting labels",
            "Logistic regression learns a column of labels from the vectors of the labelled rows and predicts the"
            " others. Its accuracy is estimated by cross-validation, on rows that were not used for training.",
            "P(y | x) = softmax(W x + b)   accuracy: share of held-out rows predicted correctly",
            "semsearch classify demo.db modules_netmf --label package",
            "modules_netmf/labels?label=package",
            "Labels",
            "Accuracy with its 95 % interval compared with a bag of words, precision and recall of each label, and the"
            " confusion matrix.",
            ("lsa", "wordmean", "netmf"),
        ),
    ),
)

GUIDE: tuple[Part, ...] = (LINEAR, WORDS, GRAPHS, IMAGES, PAGES)
TECHNIQUES: dict[str, Technique] = {each.key: each for part in GUIDE for each in part.techniques}
