"""Which commands there are, and examples of each: text only, so that help costs no import."""

CAUTION = "Research use only: not a medical device, not for diagnosis."
EXIT_CODES = "Exit codes: 0 done; 1 nothing done, the message says why; 2 wrong usage; 3 done, but some images failed; 130 interrupted."

# each is a module beside this one with `add_options(parser)` and `run(arguments) -> exit code`
COMMANDS = {
    "demo": "synthetic smears in, table and pictures out",
    "fetch": "a public data set by its name, or the list of those there are",
    "extract": "images to a table of features",
    "field": "a field of any size, such as a whole slide, tile by tile to a table of its cells",
    "masks": "images to label maps of nuclei and cells",
    "audit": "what is wrong with a dataset before a model sees it, and what it is worth",
    "train": "fit a published or own pipeline on labelled images",
    "predict": "a trained model's classes for images",
    "explain": "why a trained model gives images their classes: cells and columns that drove each verdict",
    "show": "what a model file says of itself: what it is for, its limits, training data and figures",
    "compare": "pipelines, and predictions made elsewhere, side by side under one way to split",
    "benchmark": "the baselines and the controls under every way to split that the data allow",
    "warmup": "compile ahead of the first use, as for an image of a container",
    "completion": "a script that completes commands, options and files in bash, zsh or fish",
}

FIRST = ("demo", "extract", "audit")  # what most people want of it first

# what is typed, and what it is for; the first of each is the plainest
EXAMPLES = {
    "demo": (
        ("leukofeat demo", "report, table and pictures in leukofeat-demo/"),
        ("leukofeat demo -o first --images 80 --seed 1", "fewer fields, of another seed"),
    ),
    "fetch": (
        ("leukofeat fetch", "the data sets, their licences, and which are at hand"),
        ("leukofeat fetch aria2021 --data-home /data/smears", "get one, or be told how to get it by hand"),
    ),
    "extract": (
        ("leukofeat extract smears -o features.csv", "a row an image"),
        ("leukofeat extract smears -o cells.parquet --cells -j 4", "a row a cell, by four processes"),
        (
            "leukofeat extract s3://bucket/smears -o features/ --shard 2/8",
            "the second of eight shares, in Parquet parts",
        ),
    ),
    "field": (
        ("leukofeat field slide.tif -o cells.parquet", "a row a cell of the whole field"),
        ("leukofeat field slide.svs -o cells.csv --level 1 --cells-to cells.tif", "of a pyramid, with a label map"),
    ),
    "masks": (
        ("leukofeat masks smears -o masks", "masks/nuclei, masks/cells and masks/bodies.csv"),
        (
            "leukofeat masks smears -o masks --segmenter OtsuSegmenter --format tif",
            "outlines by a plain threshold, as TIFF",
        ),
    ),
    "audit": (
        ("leukofeat audit smears", "the verdict only"),
        ("leukofeat audit smears -o audit -m store", "with report and tables; goes on where it was stopped"),
        (
            "leukofeat audit smears --manifest labels.csv --column path=id --column label=diagnosis",
            "a flat folder with a table of its own",
        ),
    ),
    "train": (
        ("leukofeat train smears -o model.skops", "the default pipeline on class folders"),
        ("leukofeat train smears -o model.skops --evaluate -j 4", "with figures on unseen groups, and controls"),
        (
            "leukofeat train smears -o svm.skops -b jin2023_svm:C=10 --patients --abstain 0.8",
            "a published pipeline with a parameter, and a verdict for each patient",
        ),
    ),
    "predict": (
        ("leukofeat predict model.skops smears -o predictions.csv", "a class and its probability for each image"),
        ("leukofeat predict model.skops smears -o p.csv --patients patients.csv", "also a verdict for each patient"),
    ),
    "explain": (
        ("leukofeat explain model.skops image.png -o why.html", "one image"),
        ("leukofeat explain model.skops smears -o why.html --against Benign", "a folder, held against one class"),
        ("leukofeat explain model.skops smears -o why.html --patients", "a section for each patient"),
    ),
    "show": (
        ("leukofeat show model.skops", "to read here"),
        ("leukofeat show model.skops -o card.html", "a page to pass on with the model"),
    ),
    "compare": (
        ("leukofeat compare smears -o results -p leukofeat_svm -p four_colors", "a pipeline and a control"),
        ("leukofeat compare smears -o results -p own.toml --predictions net=net.csv", "an own pipeline and a network"),
        ("leukofeat compare --list", "the baselines that there are"),
    ),
    "benchmark": (
        ("leukofeat benchmark smears -o benchmark", "everything, under every way to split"),
        ("leukofeat benchmark --synthetic 80 -o benchmark", "the same on synthetic smears"),
    ),
    "warmup": (
        ("leukofeat warmup", "what the default pipeline needs"),
        ("leukofeat warmup --all --quiet", "every stage, as a step of building a container"),
    ),
    "completion": (
        ("leukofeat completion bash > ~/.local/share/bash-completion/completions/leukofeat", "for bash"),
        ('leukofeat completion zsh > "${fpath[1]}/_leukofeat"', "for zsh"),
        ("leukofeat completion fish > ~/.config/fish/completions/leukofeat.fish", "for fish"),
    ),
}
