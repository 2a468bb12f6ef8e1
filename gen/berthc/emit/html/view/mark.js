// Marks a state or a row wherever it is: in the diagram, in the table, in the lists, in the spec.
import {read, write} from "./address.js";
import {isWide, show} from "./dock.js";
import {all, byId, say} from "./dom.js";

/** @typedef {{kind: string, first: number, last: number, text: string, state?: string}} Item */

/** @type {Record<string, Item>} */
let items = {};
let marked = "";

/** @param {Record<string, Item>} known */
export function startMarks(known) {
    items = known;
    document.addEventListener("click", event => {
        const target = /** @type {Element} */ (event.target);
        const chosen = target.closest(
            "[data-state], [data-row], [data-rows], [data-line], [data-show-line]",
        );
        if (chosen instanceof HTMLElement || chosen instanceof SVGElement)
            choose(chosen);
    });
    document.addEventListener("keydown", event => {
        const chosen = event.target;
        if (chosen instanceof SVGElement && (event.key === "Enter" || event.key === " ")) {
            event.preventDefault();
            choose(chosen);
        }
    });
    byId("chosen-close").addEventListener("click", unmark);
    byId("chosen-spec").addEventListener("click", () => {
        show("spec");
        toLine(items[marked].first);
    });
    window.addEventListener("hashchange", fromAddress);
    fromAddress();
}

function fromAddress() {
    const parts = read();
    const id = parts.get("row") || parts.get("state");
    if (!id || !(id in items) || id === marked)
        return;
    mark(id);
    const first = all(
        byId("main"),
        `.grid [data-row="${CSS.escape(id)}"], .grid [data-state="${CSS.escape(id)}"]`,
    )[0];
    first?.scrollIntoView({block: "center"});
}

/** @param {HTMLElement | SVGElement} element */
function choose(element) {
    const {state, row, rows, line, showLine} = element.dataset;
    if (showLine) {
        show("spec");
        markLines(Number(showLine), Number(showLine));
        toLine(Number(showLine));
        return;
    }
    const id =
        state || row || (rows && nextOf(rows.split(" "))) || (line && atLine(Number(line))) || "";
    if (!(id in items))
        return;
    if (id === marked && !rows) {
        unmark();
        return;
    }
    mark(id);
    if (line) {
        const place = all(
            byId("main"),
            `.grid [data-row="${CSS.escape(id)}"], .grid [data-state="${CSS.escape(id)}"]`,
        )[0];
        if (isWide())
            place?.scrollIntoView({block: "nearest"});
    }
}

/** An arrow of several rows gives one after the other. @param {string[]} rows */
function nextOf(rows) {
    return rows[(rows.indexOf(marked) + 1) % rows.length];
}

/** The smallest thing that a line of the spec belongs to. @param {number} line */
function atLine(line) {
    let best = "";
    for (const [id, item] of Object.entries(items)) {
        if (item.kind !== "row" && item.kind !== "state")
            continue;
        const inside = item.first <= line && line <= item.last;
        if (inside && (!best || item.last - item.first <= items[best].last - items[best].first))
            best = id;
    }
    return best;
}

/** @param {string} id */
export function mark(id) {
    clear();
    marked = id;
    const item = items[id];
    const name = CSS.escape(id);
    const everywhere = `[data-state="${name}"], [data-row="${name}"], [data-rows~="${name}"]`;
    for (const one of all(document, everywhere)) {
        one.classList.add("is-marked");
        if (one.hasAttribute("aria-pressed"))
            one.setAttribute("aria-pressed", "true");
    }
    markLines(item.first, item.last);
    toLine(item.first);
    const place =
        item.first === item.last ? `line ${item.first}` : `lines ${item.first} to ${item.last}`;
    byId("chosen-name").textContent =
        item.kind === "row" ? id.split(".").slice(0, 3).join(".") : id;
    byId("chosen-words").textContent = item.text;
    byId("chosen-lines").textContent = textOf(item.first, item.last);
    byId("chosen").hidden = false;
    write(item.kind === "row" ? "row" : "state", id);
    say(`Marked: ${item.text || id}; ${place} of the spec`);
}

/**
 * The lines of the spec, without what they are all indented by.
 * @param {number} first @param {number} last
 */
function textOf(first, last) {
    const lines = [];
    for (let n = first; n <= last; n++)
        lines.push(byId(`L${n}`).querySelector("code")?.textContent || "");
    const depth = Math.min(
        ...lines.filter(line => line.trim()).map(line => line.length - line.trimStart().length),
    );
    return lines
        .map((line, n) => `${String(first + n).padStart(4)}  ${line.slice(depth)}`)
        .join("\n");
}

export function unmark() {
    if (!marked)
        return;
    clear();
    marked = "";
    byId("chosen").hidden = true;
    write("row", null);
    say("Nothing is marked");
}

function clear() {
    for (const one of all(document, ".is-marked")) {
        one.classList.remove("is-marked");
        if (one.hasAttribute("aria-pressed"))
            one.setAttribute("aria-pressed", "false");
    }
}

/** @param {number} first @param {number} last */
function markLines(first, last) {
    for (const one of all(byId("spec"), ".is-marked"))
        one.classList.remove("is-marked");
    for (let n = first; n <= last; n++)
        document.getElementById(`L${n}`)?.classList.add("is-marked");
}

/** Scrolls the spec alone, not the page. @param {number} line */
function toLine(line) {
    const box = byId("spec");
    const one = document.getElementById(`L${line}`);
    if (one && box.offsetParent)
        box.scrollTop += one.getBoundingClientRect().top - box.getBoundingClientRect().top - 80;
    if (one && !isWide())
        one.scrollIntoView({block: "center"});
}
