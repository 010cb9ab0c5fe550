#!/usr/bin/env bash
# Makes the coloured tray icons out of the symbolic ones: light/ for light panels, dark/ for dark ones. Needs rsvg-convert
# (Debian: librsvg2-bin). The colour only repeats what the shape says.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# draw FOLDER STATE COLOUR
draw() {
    local source=hicolor/symbolic/apps/kortti-$2-symbolic.svg size shown
    for size in 16 22 32; do
        # At 22 pixels the drawing keeps its 16, with a margin as other tray icons have it: scaled, it would be blurred.
        shown=$((size / 16 * 16))
        rsvg-convert --stylesheet=<(echo "path { fill: $3 !important }") \
            --width=$shown --height=$shown --page-width=$size --page-height=$size \
            --left=$(((size - shown) / 2)) --top=$(((size - shown) / 2)) \
            --output="$1/$2-$size.png" "$source"
    done
}

mkdir -p light dark
for state in no-service no-reader empty card; do
    draw light $state '#2e3436'
    draw dark $state '#eeeeec'
done
draw light attention '#8f4f00'
draw dark attention '#ffc04d'
draw light blocked '#b5121b'
draw dark blocked '#ff7468'
