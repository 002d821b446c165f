"""The English stop list of the Snowball project (snowballstem.org, BSD), as tokens of two letters or more.

It holds only function words, with the halves of contractions. Longer lists in common use drop words such as "interest",
"system" and "bill", which people search for; on ten collections both gave equal results.
"""

_WORDS = """
me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it
its itself they them their theirs themselves what which who whom this that these those am is are was were be been
being have has had having do does did doing an the and but if or because as until while of at by for with about
against between into through during before after above below to from up down in out on off over under again
further then once here there when where why how all any both each few more most other some such no nor not only
own same so than too very can will just don should now cannot could would ought ll ve re doesn didn isn aren wasn
weren hasn haven hadn wouldn shan shouldn couldn mustn
"""
ENGLISH = frozenset(_WORDS.split())
