// A diagram or a table is one stop of the Tab key; the arrow keys move within it.
import {all} from "./dom.js";

const ITEMS = "[data-state], [data-row], [data-rows]";

/** @param {ParentNode} root */
export function startRoving(root) {
    for (const group of all(root, "[data-roving]")) {
        const items = all(group, ITEMS);
        items.forEach((item, n) => item.setAttribute("tabindex", n === 0 ? "0" : "-1"));
        group.addEventListener("keydown", event => move(event, group));
        group.addEventListener("focusin", event => {
            const item = /** @type {Element} */ (event.target).closest(ITEMS);
            if (item)
                stopAt(group, /** @type {HTMLElement} */ (item));
        });
    }
}

/** @param {HTMLElement} group @param {HTMLElement} item */
function stopAt(group, item) {
    for (const one of all(group, ITEMS))
        one.setAttribute("tabindex", one === item ? "0" : "-1");
}

/** @param {KeyboardEvent} event @param {HTMLElement} group */
function move(event, group) {
    const items = all(group, ITEMS);
    const now = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (now < 0 || event.altKey || event.ctrlKey || event.metaKey)
        return;
    const next =
        event.key === "Home"
            ? items[0]
            : event.key === "End"
              ? items[items.length - 1]
              : nearest(items, items[now], event.key) || beside(items, now, event.key);
    if (!next)
        return;
    event.preventDefault();
    stopAt(group, next);
    next.focus();
    next.scrollIntoView({block: "nearest", inline: "nearest"});
}

/** The nearest item in the direction of an arrow key.
 * @param {HTMLElement[]} items @param {HTMLElement} from @param {string} key */
function nearest(items, from, key) {
    const toward = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[
        key
    ];
    if (!toward)
        return null;
    const [x, y] = middle(from);
    let best = null;
    let least = Infinity;
    for (const item of items) {
        const [left, top] = middle(item);
        const along = (left - x) * toward[0] + (top - y) * toward[1];
        const aside = Math.abs((left - x) * toward[1]) + Math.abs((top - y) * toward[0]);
        if (item !== from && along > 2 && along + 3 * aside < least) {
            least = along + 3 * aside;
            best = item;
        }
    }
    return best;
}

/** The next one in the order of the page, where nothing lies in the direction of the key.
 * @param {HTMLElement[]} items @param {number} now @param {string} key */
function beside(items, now, key) {
    if (key === "ArrowRight" || key === "ArrowDown")
        return items[now + 1];
    if (key === "ArrowLeft" || key === "ArrowUp")
        return items[now - 1];
    return null;
}

/** @param {Element} item @returns {[number, number]} */
function middle(item) {
    const box = item.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
}
