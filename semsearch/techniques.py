"""The techniques of the course lecture that semsearch is built from: what each is, how to run it, where to see it.

One source for docs/lecture.md (`make docs`), the page `/-/semsearch/lecture` and "How this works" on each page.
Commands and pages refer to the file that `semsearch demo` writes, unless a command before them makes what they need.
"""

from __future__ import annotations

from semsearch.technique import Part, Technique
from semsearch.text_techniques import TEXTS

LINEAR = Part(
    "Linear embeddings",
    (
        Technique(
            "svd",
            "Singular value decomposition: the optimal linear autoencoder",
            "A data matrix X has one item per row, and the first k right singular vectors of X are the columns of V."
            " The encoder V maps a row x to k numbers z, and the decoder Vᵀ maps z back to a row x̂. No other linear"
            " encoder and decoder with k numbers has a lower squared error (Eckart & Young 1936).",
            "X ≈ X_k = U S Vᵀ   encode: z = xV   decode: x̂ = zVᵀ   error: ‖X − X_k‖² = Σ_{i>k} s_i²",
            "semsearch evaluate images demo.db digits_pca",
            "digits_pca/reconstruct",
            "Reconstruct",
            "The reconstructions from k components and their PSNR. `build autoencoder --linear --latent-dim 16`"
            " approaches the error of PCA with 16 components, and is never below it on the training data.",
            ("pca", "autoencoder"),
        ),
        Technique(
            "principal-components",
            "Principal components, loading vectors, projection",
            "The principal components v_i are the right singular vectors of the centred data. Their entries"
            " are loadings. A score z_i is a scalar product: how similar the centred item is to component i. The scores"
            " are also coordinates of a projection, the best approximation of the item by k components.",
            "z_i = ⟨x − mean, v_i⟩   x̂ = mean + Σ_i z_i v_i   ⟨x − mean, y − mean⟩ ≈ ⟨z(x), z(y)⟩",
            "semsearch build pca demo.db digits --dim 60 --name digits_pca60",
            "digits_pca60/item/7",
            "Item",
            "The scores as bars, the largest ones, and the image reconstructed from the first 1, 2, 4, … of them.",
            ("pca",),
        ),
        Technique(
            "lsa",
            "Term-document matrix and latent semantic analysis (LSA)",
            "X counts how often each term occurs in each document, weighted by log-tf·idf. A truncated SVD gives each"
            " document k numbers. Documents without a common word are similar if their words co-occur in others.",
            "X ≈ U S Vᵀ   documents: XV = US   query q: qV   semsearch multiplies both by S^0.5 (--power)",
            'semsearch search demo.db docs_lsa "compress a file" --mode vector --explain',
            "docs_lsa?q=compress+a+file&mode=vector&explain=1",
            "Search",
            "*Why these results?* lists pairs of a query word and a document word with their contributions. Most pairs"
            " have two different words. The page *Topics* also shows two similar documents without a common word.",
            ("lsa",),
        ),
        Technique(
            "eigenfaces",
            "Eigenfaces",
            "The principal components of images are images: the patterns by which the images vary most. Those of faces"
            " are called eigenfaces (Sirovich & Kirby 1987; Turk & Pentland 1991).",
            "X − mean ≈ U S Vᵀ   component i: row v_i of Vᵀ, shown as an image (grey is 0)",
            "semsearch build pca demo.db digits",
            "digits_pca/components",
            "Components",
            "The mean image, the components, and the curve of the variance that the first k components explain.",
            ("pca",),
        ),
        Technique(
            "sigma",
            "Word vectors as a by-product of LSA, and the splits of Σ",
            "The SVD X ≈ U S Vᵀ gives a row of U to each document and a row of V to each term. The singular values S"
            " (Σ in the lecture) can scale either of them, or both by √S. The scalar product of two rows"
            " of US approximates that of two rows of X, and the one of VS that of two columns. With √S on both"
            " sides, a document vector times a word vector approximates the entry of X.",
            "split documents: vectors US and V, (US)(US)ᵀ ≈ XXᵀ   split words: vectors U and VS, (VS)(VS)ᵀ ≈ XᵀX"
            "   split even: vectors U√S and V√S, (U√S)(V√S)ᵀ ≈ X",
            "semsearch build lsa demo.db docs --split words --power 0 --name docs_split",
            "docs_lsa_words/splits?id=file",
            "Splits of Σ",
            "The nearest words of a word by rows of V, V√S and VS, side by side. The same page of `docs_lsa` has the"
            " nearest documents by US, U√S and U. With S, components with large singular values have more weight.",
            ("lsa",),
        ),
    ),
)

WORDS = Part(
    "Words",
    (
        Technique(
            "similarity-recipe",
            "The general recipe: factorise any similarity",
            "M contains a similarity for each pair of items. It is factorised so that scalar products of vectors"
            " approximate it. Items that are similar to the same items get similar vectors.",
            "M_ij = similarity(i, j)   M ≈ U S Vᵀ   vectors: U S^p and V S^p   p = ½: u_i · v_j ≈ M_ij",
            "semsearch build factorize demo.db modules --table modules_edges --measure ppmi",
            "modules_factorize",
            "Search",
            "The nearest neighbours of a module, and on the page *Runs* the query or table of similarities.",
            ("factorize",),
        ),
        Technique(
            "window-counts",
            "Counts in a context window",
            "Two words co-occur if they are at most w words apart. A pair at distance d counts 1/d, or 1 with"
            " `--distance-weighting flat`. If the window is the whole document, the counts are XᵀX, where X holds the"
            " counts of words in documents. The eigenvectors of XᵀX are the word vectors of LSA on X.",
            "n_ij = Σ 1/d over all positions of i and j at distance d ≤ w   whole document: n_ij = (XᵀX)_ij",
            "semsearch build pmi demo.db docs --window 5",
            "docs_pmi/cooccurrence?words=read+write+file+socket",
            "Co-occurrence",
            "The table of counts for a few words, with the PMI below each. *Weight of a pair* 1 gives whole counts.",
            ("pmi", "glove", "sgns"),
        ),
        Technique(
            "pmi",
            "Pointwise mutual information (PMI)",
            "PMI compares how often two words co-occur with how often independent words would co-occur. It is 0 for"
            " independent words, positive for words that co-occur more often, and minus infinity for words that never"
            " co-occur. Positive PMI (PPMI) replaces negative values by 0.",
            "PMI_ij = ln( n_ij · N / (n_i · n_j) ), n_i row sums, N the sum of all counts   PPMI = max(PMI, 0)"
            "   context-distribution smoothing: n_j^0.75 instead of n_j",
            "semsearch build pmi demo.db docs --measure ppmi --smoothing 0.75",
            "docs_pmi/item/socket",
            "Word",
            "The co-occurring words of a word, with counts and PMI. The logarithm is natural: 0.7 means twice as often"
            " as by chance, 2.3 ten times as often.",
            ("pmi",),
        ),
        Technique(
            "word2vec",
            "word2vec as matrix factorisation",
            "Skip-gram with k negative samples learns to distinguish pairs of words that co-occur from random pairs."
            " With enough dimensions, the optimal scalar products are PMI − ln k. word2vec is therefore a factorisation"
            " of a shifted PMI matrix (Levy & Goldberg 2014).",
            "loss: −Σ_ij n_ij ln σ(w_i·c_j) − k Σ_i n_i E_j[ln σ(−w_i·c_j)]   optimum: w_i·c_j = PMI_ij − ln k"
            "   in semsearch: σ(w_i·c_j − ln k), so that w_i·c_j ≈ PMI_ij",
            "semsearch build sgns demo.db docs --negative 5",
            "docs_sgns/runs",
            "Runs",
            "The loss curve. Then compare the nearest neighbours of a word in `docs_sgns` and in `docs_pmi`. `pmi`"
            " factorises the PMI matrix by an eigendecomposition, without training.",
            ("sgns",),
        ),
        Technique(
            "glove",
            "GloVe",
            "GloVe fits scalar products plus biases to the logarithms of the counts, by weighted least squares. Rare"
            " pairs have a lower weight, because their counts are noisy (Pennington et al. 2014).",
            "loss: Σ_ij f(n_ij) (w_i·c_j + b_i + d_j − ln n_ij)²   f(n) = min(1, n / x_max)^0.75",
            "semsearch build glove demo.db docs",
            "docs_glove/runs",
            "Runs",
            "The loss curve, and the nearest neighbours of a word in `docs_glove`, `docs_sgns` and `docs_pmi`.",
            ("glove",),
        ),
        Technique(
            "not-psd",
            "PMI is not positive semidefinite: left, right and concatenated vectors",
            "Scalar products u_i·u_j form a positive semidefinite matrix, without negative eigenvalues. PMI and PPMI"
            " matrices have some, for example because many words rarely occur near themselves. Their factors are left"
            " vectors for words and right vectors for contexts, which differ in sign where the eigenvalue is negative."
            " One can use either of them, their sum, or both concatenated.",
            "M = Mᵀ ≈ Q Λ Qᵀ   left: Q|Λ|^p   right: Q sign(Λ)|Λ|^p   negative mass: Σ_{λ<0} λ² / Σ λ²",
            "semsearch build pmi demo.db docs --side concat --name docs_concat",
            "docs_pmi/cooccurrence",
            "Co-occurrence",
            "A word of your texts that avoids itself, with its left and right vectors. On the page *Runs*,"
            " `negative_mass` is the share of squared negative eigenvalues. Compare `docs_pmi` and `docs_concat`.",
            ("pmi", "factorize"),
        ),
        Technique(
            "pretrained",
            "Pretrained vectors",
            "Word vectors that were trained elsewhere, on billions of words, can be imported as a collection. They"
            " cover words that a small corpus does not contain, but not the special terms of your own corpus.",
            "file: one word per line, as word v_1 v_2 … v_dim (GloVe, word2vec, fastText)",
            "semsearch ingest vectors demo.db glove --from glove-6b-100",
            "glove",
            "Search",
            "The nearest neighbours of a technical term in `glove` and in `docs_pmi`. `--from` downloads a public set."
            " Give the path of a file in its place to import your own vectors.",
            ("imported",),
        ),
        Technique(
            "analogies",
            "Analogies by vector arithmetic",
            "If a relation corresponds to a constant difference of vectors, b − a + c is close to the missing word."
            " 3CosAdd adds cosines. 3CosMul multiplies them, so that no single one dominates (Levy & Goldberg 2014).",
            "3CosAdd: argmax_d cos(d, b) + cos(d, c) − cos(d, a)   3CosMul: argmax_d cos(d, b) cos(d, c) / (cos(d, a)"
            " + ε), cosines mapped to 0..1",
            "semsearch analogy demo.db docs_pmi read write reader",
            "docs_pmi/analogy?a=read&b=write&c=reader",
            "Analogy",
            "The answers of both methods, and the words nearest to b − a + c with the three given words included. On"
            " the page *Plot*, pairs with the same relation are joined by parallel lines.",
            ("pmi", "glove", "sgns"),
        ),
        Technique(
            "sentences",
            "Features for sentences and documents from word vectors",
            "The vector of a document is the weighted mean of the vectors of its words. Smooth inverse frequency (SIF)"
            " gives frequent words a lower weight, and removes the common component of all documents. The principal"
            " components of the document's word vectors can be concatenated.",
            "v = Σ_w n_w a_w w / Σ_w n_w   SIF: a_w = a / (a + p(w))   common component: v ← v − u uᵀ v",
            "semsearch build wordmean demo.db docs --words docs_pmi",
            "docs_wordmean?q=compress+a+file",
            "Search",
            "The results, compared with those of `docs_lsa`. `semsearch evaluate labels` measures how well the vectors"
            " predict a column of labels.",
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
            "A random walk is treated as a sentence whose words are nodes. Co-occurrence counts on walks are weighted"
            " by PMI and factorised, which gives node vectors (DeepWalk). node2vec biases the walks by the parameters p"
            " and q. NetMF computes the expected matrix in closed form, without sampled walks.",
            "walk: v_1 → v_2 → …   transition probabilities: P = D⁻¹A   NetMF: M = ln⁺( vol(G)/(bT) · (Σ_{r=1..T} P^r)"
            " D⁻¹ ), ln⁺ x = ln max(x, 1)",
            "semsearch build deepwalk demo.db modules",
            "modules_netmf/item/zipfile",
            "Node",
            "The nearest nodes by vector, the drawing of the adjacent nodes, suggested links, and three random walks as"
            " sentences. `modules_deepwalk/item/zipfile` shows the same for vectors of sampled walks.",
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
            "An encoder network E maps an image to a latent code, and a decoder network D maps it back. Both are"
            " trained to minimise the reconstruction error. They compress, denoise, inpaint, enlarge and interpolate.",
            "loss: ‖x − D(E(x))‖²   denoising: ‖x − D(E(x + noise))‖²   variational: + KL(q(z|x) ‖ N(0, I))",
            "semsearch reconstruct demo.db digits_autoencoder -o grid.png --noise 0.3",
            "digits_autoencoder/reconstruct",
            "Reconstruct",
            "Reconstruction, denoising, inpainting, super-resolution and compression, each with error and baseline.",
            ("autoencoder",),
        ),
        Technique(
            "pretext",
            "Self-supervised tasks: relative patches, jigsaw puzzle, colorization, inpainting",
            "The labels of a self-supervised task come from the images themselves. Examples are the relative position"
            " of two patches, the order of shuffled tiles, the colours of a grey image and the content of a masked"
            " area. A network that solves the task has learned features that are useful for other tasks.",
            "patches: P(position | patch₁, patch₂)   jigsaw: P(permutation | tiles)   colorization: P(colours |"
            " lightness)   inpainting: ‖x − D(E(masked x))‖² on masked pixels   rotation: P(angle | rotated x)"
            "   contrastive: P(second view of the same image | first view, batch)",
            "semsearch build patches demo.db digits --image-size 24 --seconds 60",
            "digits_patches/pretext",
            "The task",
            "Twelve images, each with the network's input, its prediction and the correct answer. The held-out"
            " accuracy is shown next to the accuracy by chance.",
            ("patches", "jigsaw", "colorization", "inpainting", "rotation", "contrastive"),
        ),
        Technique(
            "self-supervised",
            "Self-supervised features compared with an autoencoder's",
            "A code from which an image is reconstructed must describe each pixel, including the background. A"
            " self-supervised task needs only what distinguishes images or objects. The features are compared by a"
            " linear probe, a logistic regression on frozen features that is tested on held-out images.",
            "probe: argmax_y softmax(W f(x) + b)   accuracy on held-out x, with 1, 10, 100 or all labels per class",
            "semsearch evaluate images demo.db digits",
            "digits_pca/comparison",
            "Comparison",
            "One row per collection of the same images, with the accuracy of the linear probe, of the five nearest"
            " neighbours and of probes with few labels, and the training time.",
            ("contrastive", "rotation", "patches", "jigsaw", "colorization", "inpainting"),
        ),
        Technique(
            "decoder-sampling",
            "Sampling from a decoder",
            "A decoder maps random codes to new images, if the codes follow the distribution of the codes of real"
            " images. A variational autoencoder is trained so that its codes are close to N(0, I). For other models a"
            " Gaussian mixture is fitted to the codes.",
            "x = D(z)   z ~ N(0, I)   or z ~ Σ_j π_j N(μ_j, Σ_j), fitted to the codes E(x) of the training images",
            "semsearch sample demo.db digits_autoencoder -o samples.png --prior mixture",
            "digits_autoencoder/samples?prior=mixture",
            "Samples",
            "Images from the fitted mixture. *Latent codes drawn from* changes the distribution. Choose an image"
            " to see the most similar real images, which show whether it is a copy.",
            ("autoencoder", "pca"),
        ),
        Technique(
            "gan",
            "Generative adversarial networks: minimax and schedules",
            "A generator G maps random codes to images, and a discriminator D learns to distinguish them from real"
            " ones. G learns to make D classify its images as real. Both are updated simultaneously or alternately.",
            "min_G max_D  E_x[ln D(x)] + E_z[ln(1 − D(G(z)))]   non-saturating: max_G E_z[ln D(G(z))]",
            "semsearch build gan demo.db digits --loss minimax --schedule simultaneous --seconds 60 --name minimax",
            "digits_gan/samples",
            "Samples",
            "Generated images and, on the page *Runs*, curves of the losses, the discriminator scores and the"
            " diversity. A falling diversity is mode collapse. `--schedule alternate --d-steps 3` makes three"
            " discriminator steps per generator step. Compare `digits_gan` with `minimax`.",
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
            "Results are ranked by a power mean of similarity (cosine) and text score (BM25). The one whose first"
            " result stands out weighs more. A word that the model does not know still adds to the text score.",
            "x = cosine / max cosine   y = BM25 / max BM25   score = (v · x⁴ + (1 − v) · y⁴)^¼",
            'semsearch search demo.db docs_lsa "random sample from a list" --mode hybrid',
            "docs_lsa?q=random+sample+from+a+list",
            "Search",
            "The two scores of each result. Change the mode or the weight w to see how the order changes.",
            ("lsa", "wordmean"),
        ),
        Technique(
            "neighbours",
            "Nearest neighbours and near-duplicates",
            "The similarity of two items is the cosine of the angle between their vectors. The nearest neighbours of"
            " an item are the items with the highest similarity. Near-duplicates are pairs above a threshold. Two"
            " documents must also have a high word overlap.",
            "similarity(x, y) = x·y / (‖x‖ ‖y‖)   word overlap: 2 Σ_w min(n_w, m_w) / Σ_w (n_w + m_w)",
            "semsearch duplicates demo.db docs_lsa",
            "docs_lsa/duplicates",
            "Duplicates",
            "Near-duplicates, with similarity and word overlap. *Item* has the neighbours of one, `neighbours` of all.",
            ("lsa", "wordmean"),
        ),
        Technique(
            "clusters",
            "Clusters",
            "k-means divides the vectors into k clusters and minimises the distances to their means. A cluster is"
            " named by words that are more frequent in it than in the whole dataset.",
            "min Σ_i ‖x_i − μ_c(i)‖²   name: words with the largest  share inside · ln(share inside / share overall)",
            "semsearch cluster demo.db docs_lsa --clusters 20",
            "docs_lsa/clusters",
            "Clusters",
            "The names and sizes of the clusters, and the items nearest to each centre.",
            ("lsa", "wordmean"),
        ),
        Technique(
            "map",
            "Maps: UMAP and t-SNE",
            "Each item gets a place in the plane, so that its nearest neighbours stay near. UMAP and t-SNE begin with"
            " the first two principal components, and then pull neighbours together and push others apart.",
            "minimise over places y: Σ_ij p_ij ln(p_ij / q_ij)   q_ij falls with ‖y_i − y_j‖",
            "semsearch map demo.db docs_lsa",
            "docs_lsa/map",
            "Map",
            "All items as points with the names of their groups. A lasso selects items, and a search lights them up.",
            ("lsa", "pmi", "pca"),
        ),
        Technique(
            "labels",
            "Predicting labels",
            "A logistic regression is trained on the vectors of the labelled rows, and predicts the label of the"
            " others. Its accuracy is estimated by cross-validation, on rows that were not used for training.",
            "P(y | x) = softmax(W x + b)   accuracy: share of held-out rows predicted correctly",
            "semsearch classify demo.db modules_netmf --label package",
            "modules_netmf/labels?label=package",
            "Labels",
            "The accuracy with its 95 % confidence interval, precision and recall of each label, and the confusion"
            " matrix. For documents the accuracy is compared with that of a bag of words.",
            ("lsa", "wordmean", "netmf"),
        ),
    ),
)

GUIDE: tuple[Part, ...] = (LINEAR, WORDS, TEXTS, GRAPHS, IMAGES, PAGES)
TECHNIQUES: dict[str, Technique] = {each.key: each for part in GUIDE for each in part.techniques}
