// The size of everything, by the keys and the wheel that browsers have for it. The window has none of its own.

import { local } from "./bridge.js";
import { remark } from "./status.js";

/** What browsers offer, too. */
const STEPS = [0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const WHOLE = STEPS.indexOf(1);

let at = WHOLE;
/** When the view has been told the last size. @type {Promise<void>} */
let told = Promise.resolve();

/** How large everything is shown, for a page that is loaded anew: the view stays as it is. */
export const size = () => at;

/**
 * Begins to listen.
 *
 * @param {number | undefined} before what `size` was before the page was loaded anew
 */
export function zoomByKeys(before) {
  at = before ?? WHOLE;
  window.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const to = { "+": at + 1, "=": at + 1, "-": at - 1, 0: WHOLE }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    zoom(to);
  });
  window.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    if (event.deltaY !== 0) zoom(event.deltaY < 0 ? at + 1 : at - 1);
  }, { passive: false });
}

/** @param {number} to */
function zoom(to) {
  const factor = STEPS[to];
  if (factor === undefined) return;
  at = to;
  // One after the other, as they are not answered in their order.
  told = told.then(() => local("page.zoom", { factor })).then(() => remark("zoomed", { percent: Math.round(factor * 100) }), () => {});
}
