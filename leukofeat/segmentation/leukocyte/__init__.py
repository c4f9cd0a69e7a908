"""LeukocyteSegmenter: nuclei and whole cells of any stain, magnification and crowding, without labels.

`segment` tells the way in the order it happens, `steps` goes it. What happens where, and what it rests on (kernels in parentheses):

- `frame`: orientation, scale, light, bars and black surroundings, and the way back.
- `first_look`: a glance at a small copy tells how large nuclei are, and at which scale to look.
- `planes` (`stain`): optical density against the empty slide. Azure dyes absorb green but hardly blue, red cells both.
- `dyes`: where they are other than the usual ones, weak or strong, they are brought to these.
- `cores` (`component_tree`, `necks`, `neighbors`): azure bodies where their own outline is sharpest; nuclei are convex.
- `cells` (`cell_fit`, `star_contour`, `leaks`, `halos`): colours near a nucleus against those far from all; a star shape.
- `lobes` (`neighbors`): lobes of one nucleus share a cell without a waist, and hold no more DNA than one nucleus.
- `red_cells`, `clusters`: the yardstick of an image: what is larger than any nucleus is several, which are cut apart.
- `nuclei` (`nucleus_fit`, `evidence`, `hues`): chromatin is darker than its own cytoplasm, and of another colour; which of two
  parts is the nucleus is told by the outline, which is sharper than the texture within.
- `refine`, `rim`: outlines of nuclei at full size, and without the dark rims of cells.
- `debris`: what is no leukocyte, kept with the reason.
- `confidence` (`cell_edge`): what stands out, all around, is convex and no larger than a cell can be has been outlined right.
- `survey`, `surroundings`: what a large field shows of itself, and what its parts are looked at with.
- `odd_colors`: what is said of images without colour, or with red and blue in each other's place.
- `bodies`, `flooding`: what is handed from step to step, and how kernels walk over an image.
"""
