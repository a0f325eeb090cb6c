"""Contents of a figure, read from matplotlib's objects."""

from matplotlib.text import Text


def texts_outside(figure):
    """Texts that leave the canvas, once the layout has settled as it does in a file."""
    figure.draw_without_rendering()
    figure.draw_without_rendering()
    renderer, canvas = figure._get_renderer(), figure.bbox
    hidden = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in {*axis.get_major_ticks(), *axis.get_minor_ticks()} - {*axis._update_ticks()}
        for label in (tick.label1, tick.label2)
    }
    outside = []
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            box = text.get_window_extent(renderer)
            slack = 1  # a pixel, of rounding
            if (
                box.x0 < canvas.x0 - slack
                or box.y0 < canvas.y0 - slack
                or box.x1 > canvas.x1 + slack
                or box.y1 > canvas.y1 + slack
            ):
                outside.append(text.get_text())
    return outside


def legend_of(figure):
    """Entries of the only legend: text and colour of each, and what stands above them."""
    (legend,) = [*figure.legends, *(axes.legend_ for axes in figure.axes if axes.legend_)]
    entries = {}
    for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True):
        face = getattr(handle, "get_facecolor", None) or handle.get_color
        entries[text.get_text().replace("\n", " ")] = face()
    return entries, legend.get_title().get_text().replace("\n", " ")
