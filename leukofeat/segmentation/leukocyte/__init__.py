"""LeukocyteSegmenter: nuclei and whole cells of any stain, magnification and crowding, without labels."""
