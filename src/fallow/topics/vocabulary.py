"""Words that cannot make a label: function words, academic verbs, and nouns that every paper uses."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BOUNDARIES = _words(
    """
    a an the this that these those such same own other another others each every either neither both all any
    some no not none only just even also too very more most less much many few several various numerous
    multiple certain and or but nor so yet if then than else when whenever where wherever while whether
    because since although though unless until before after during about above across against along amid among
    around as at behind below beneath beside besides between beyond by despite down except for from in inside
    into like near of off on onto out outside over past per regarding through throughout to together toward
    towards under underneath unlike up upon via versus vs with within without i we you he she it they me us
    him her them my our your his its their mine ours who whom whose which what why how here there now again
    ever never always often sometimes usually generally typically recently finally firstly secondly thirdly
    moreover furthermore however therefore thus hence namely instead rather indeed otherwise still already
    almost nearly mainly mostly largely highly significantly substantially considerably empirically
    extensively effectively efficiently easily directly simply successfully previously currently respectively
    specifically particularly especially commonly widely fully completely well far first second third last
    next one two three four five six seven eight nine ten zero hundred thousand million once twice i.e e.g etc
    et al eg ie is are was were be been being am do does did done doing has have had having can could may
    might must shall should will would cannot let lets s t don doesn isn aren
    """
)
"""Function words and adverbs: a phrase never crosses one. ("few" and "zero" come back in hyphened words.)"""

VERBS = _words(
    """
    propose proposes proposed proposing present presents presented presenting introduce introduces introduced
    introducing show shows showed shown showing demonstrate demonstrates demonstrated demonstrating describe
    describes described describing develop develops developed developing explore explores explored exploring
    investigate investigates investigated investigating study studies studied studying examine examines
    examined examining analyze analyzes analyzed analyzing analyse analyses analysed analysing evaluate
    evaluates evaluated evaluating compare compares compared comparing achieve achieves achieved achieving
    obtain obtains obtained obtaining outperform outperforms outperformed outperforming improve improves
    improved improving increase increases increased increasing reduce reduces reduced reducing use uses used
    using utilize utilizes utilized utilizing apply applies applied applying employ employs employed employing
    leverage leverages leveraged leveraging exploit exploits exploited exploiting address addresses addressed
    addressing tackle tackles tackled tackling solve solves solved solving provide provides provided providing
    offer offers offered give gives gave given giving make makes made making take takes took taken taking
    allow allows allowed allowing enable enables enabled enabling require requires required requiring need
    needs needed find finds found finding consider considers considered considering perform performs performed
    performing report reports reported reporting discuss discusses discussed argue argues argued suggest
    suggests suggested suggesting indicate indicates indicated indicating reveal reveals revealed revealing
    observe observes observed aim aims aimed aiming focus focuses focused focusing contain contains contained
    containing include includes included including combine combines combined combining extend extends extended
    extending create creates created creating build builds built generate generates produce produces produced
    producing help helps helped helping lead leads led leading become becomes became seem seems remain remains
    exist exists existing based trained train trains tested learn learns know knows call called lies lie
    follow follows followed following see seen say says want wants try tries tried release released releases
    publish published collect collected conduct conducted conducting designed designing define defined defines
    defining capture captures capturing captured represent represents represented contribute contributes
    participate participated submitted submit ranked assume assumes assumed suffer suffers rely relies relying
    depend depends work works worked working identify identifies identified identifying predict predicts
    predicting predicted detect detects classify classifies extract extracts extracting estimate estimates
    estimating encode encodes decode decodes understand go goes come comes get gets keep keeps run runs
    running set sets best-performing scale scales adapt adapts adapting rethinking revisiting exploring
    towards toward bridging beyond dealing handle handles handling overcome overcomes
    """
)
"""Words that are verbs when papers are told about: a phrase never crosses one."""

DULL_FIRST = _words(
    """
    novel new proposed better best good great recent previous prior current existing traditional conventional
    standard common popular important significant main major key possible available different similar
    additional further useful simple effective powerful promising successful strong competitive superior
    comparable state-of-the-art state-of-art high higher highest low lower lowest real true false
    overall total whole entire general generic particular specific special typical usual single extensive
    comprehensive preliminary initial potential relevant related various unified easy hard difficult
    challenging challenge open original first-ever rich poor big small simple-yet-effective empirical
    experimental interesting wide broad substantial final full great early late long-standing improved
    improving little average
    """
)
"""Adjectives that praise or place a work instead of naming a subject: no label begins with one."""

DULL_LAST = _words(
    """
    approach approaches method methods methodology methodologies technique techniques framework frameworks
    result results paper papers article articles work works study studies experiment experiments performance
    accuracy improvement improvements state way ways use usage idea ideas contribution contributions issue
    issues challenge challenges goal aim aims purpose example examples kind type types number amount part
    parts fact impact role advantage benefit benefits ability setting settings scenario scenarios aspect
    aspects factor factors level levels order procedure step steps stage stages pipeline evaluation-results
    baseline baselines version variant variants range variety lack need area areas literature research
    overview introduction proceedings workshop track submission team participation author authors people year
    years day days code github http https experience experiences future conclusion abstract background
    motivation solution solutions significant gain gains perspective perspectives insight insights thing
    things variation variations finding findings term terms
    """
)
"""Nouns that head no subject: no label ends with one."""

DULL_ALONE = DULL_LAST | _words(
    """
    model models system systems task tasks data dataset datasets corpus corpora language languages text texts
    word words sentence sentences document documents network networks algorithm algorithms learning training
    testing neural deep machine information knowledge analysis application applications feature features
    representation representations structure structures function functions distribution distributions class
    classes label labels sample samples sampling training-data inference prediction predictions classification
    generation detection recognition extraction estimation optimization evaluation comparison human humans
    user users domain domains annotation annotations tool tools resource resources large small multi cross end
    semi self pre non based aware level token tokens english image images video videos loss error errors rate
    rates bound bounds parameter parameters space spaces vector vectors layer layers node nodes object objects
    target source context contexts concept concepts pattern patterns component components unit units element
    elements relation relations agent agents environment environments policy policies action actions state
    states reward rewards query queries question questions answer answers entity entities event events topic
    topics expert experts domain-specific linear nonlinear non-linear convex stochastic robust efficient fast
    scalable adaptive dynamic automatic statistical probabilistic semantic syntactic lexical visual spatial
    temporal global local joint hybrid hierarchical unsupervised supervised semi-supervised weakly end-to-end
    low-resource multi-task cross-domain open-source online-available noise noisy sequence sequences series
    point points pair pairs group groups length view views similarity distance measure measures metric metrics
    test train benchmark benchmarks survey review toward baseline architecture architectures module modules
    encoder decoder embedding embeddings attention process processes effect effects field fields value values
    design designs size sizes case cases time set sets score scores strategy strategies problem problems
    property properties input inputs output outputs selection response scene depth online control matrix graph
    graphs tree trees regression bleu rouge arxiv pairwise items item distributed annotated variable variables
    gradient convergence objective objectives series sensor sensors complexity quality step artificial
    intelligence processing synthetic simulation simulations mean mode search memory variance head name
    arm arms math maths real-world large-scale high-quality fine-tuning pre-training discovery scientific
    image-level scaling autonomous frontier inspiration compute trigger stories equivariant
    """
)
"""Words that name no subject when they stand alone."""

DULL_ANYWHERE = _words(
    """
    semeval conll wmt iwslt bionlp bakeoff evalita duc trec tac clef neurips icml iclr acl emnlp naacl
    shared-task state-of-the-art sota arxiv preprint supplementary
    """
)
"""Names of venues and shared tasks: where a paper was, not what it is about."""

EVERYWHERE = frozenset(
    line.strip()
    for line in """
    natural language processing
    natural language
    deep learning
    machine learning
    neural network
    deep neural network
    neural network model
    artificial intelligence
    shared task
    deep network
    deep learning model
    neural model
    machine learning model
    language processing
    training data
    data set
    test set
    code
    computer vision
    learning algorithm
    learning model
    real-world data
    high quality
    training set
    labeled data
    ground truth
    use case
    data point
    loss function
    objective function
    sample size
    state space
    end-to-end
    large scale
    llm
    large language model
    language model
    """.strip().splitlines()
)
"""Folded phrases that are true of half a library: they lose against any other phrase."""

SAME_FORM = _words(
    """
    analysis basis synthesis hypothesis thesis bias corpus focus status consensus virus census campus news
    series species physics mathematics statistics linguistics semantics pragmatics phonetics ethics robotics
    dynamics kinematics genetics genomics proteomics acoustics optics electronics economics politics loss
    class process access stress mass gas lens axis apparatus radius nucleus stimulus surplus versus always
    chess press express less across glass grass gross cross address progress success ms aws ios us gps yes pos
    als das las cos sos bus plus thus this gis his paraphrasis ellipsis emphasis crisis diagnosis prognosis
    genesis parenthesis anaphoris catharsis rouges mses keras pandas stylus prosthesis photosynthesis
    """
)
"""Words that end in s and are not plurals."""
