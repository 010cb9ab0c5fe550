#!/usr/bin/env bash
# Makes the coloured tray icons out of the symbolic ones: light/ for light panels, dark/ for dark ones, and pixels/ for
# panels that take nothing but pixels; and the icons of notices out of the program's. Needs rsvg-convert (Debian:
# librsvg2-bin) and convert (imagemagick). The colour only repeats what the shape says.

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

# badge NAME DRAWING: the program's icon with a badge on it
badge() {
    local folder=hicolor/scalable/apps
    { sed '$d' $folder/kortti.svg; printf '  %s\n' "$2"; echo '</svg>'; } > "$folder/kortti-$1.svg"
}

mkdir -p light dark pixels
for state in no-service no-reader empty card; do
    draw light $state '#2e3436'
    draw dark $state '#eeeeec'
done
draw light attention '#8f4f00'
draw dark attention '#ffc04d'
draw light blocked '#b5121b'
draw dark blocked '#ff7468'

for state in no-service no-reader empty card attention blocked; do
    convert dark/$state-32.png -depth 8 "rgba:pixels/kortti-$state-dark.rgba"
done

badge attention '<path d="M96 66l30 52H66z" fill="#ffc04d" stroke="#5c3300" stroke-width="5" stroke-linejoin="round"/>
  <path d="M93 83h6v17h-6z M93 105h6v6h-6z" fill="#5c3300"/>'
badge blocked '<path d="M82 88V80a14 14 0 0 1 28 0v8" fill="none" stroke="#fff" stroke-width="13"/>
  <path d="M82 88V80a14 14 0 0 1 28 0v8" fill="none" stroke="#b5121b" stroke-width="7"/>
  <rect x="72" y="86" width="48" height="36" rx="6" fill="#b5121b" stroke="#fff" stroke-width="3"/>
  <path d="M93 97h6v13h-6z" fill="#fff"/>'
