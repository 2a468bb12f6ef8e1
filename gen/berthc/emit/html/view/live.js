// News of the spec from `berthc html --serve`: a new page, or what is wrong with the spec.
import {all, byId, el, say} from "./dom.js";

/** @param {string} version of this page */
export function startLive(version) {
    const mark = el("span", {class: "serving"}, "live");
    document.querySelector(".tools")?.prepend(mark);
    const source = new EventSource("events");
    source.addEventListener("page", event => {
        const said = JSON.parse(event.data);
        if (said.version !== version)
            location.reload();
        else if (said.broken.length === 0)
            mend();
        if (said.broken.length)
            tell(said.broken);
    });
    source.addEventListener("error", () => {
        mark.textContent = "berthc has ended";
    });
    source.addEventListener("open", () => {
        mark.textContent = "live";
    });
}

function mend() {
    document.getElementById("broken")?.remove();
    for (const one of all(document, ".wrong-line"))
        one.classList.remove("wrong-line");
}

/**
 * @typedef {{file: string, line: number, column: number, id: string, message: string,
 *     help: string, excerpt: string}} Problem
 */

/**
 * What is wrong, over the last good page.
 * @param {Problem[]} broken
 */
function tell(broken) {
    mend();
    const count = broken.length === 1 ? "an error" : `${broken.length} errors`;
    const box = el(
        "section",
        {class: "broken", id: "broken", role: "alert", "aria-labelledby": "broken-title"},
        el("h2", {id: "broken-title"}, `The spec has ${count}; this is the last good page`),
    );
    for (const one of broken) {
        box.append(
            el(
                "p",
                {},
                el("b", {}, `${one.file}${one.line ? `:${one.line}:${one.column}` : ""}`),
                ` ${one.message} `,
                el("code", {class: "quiet"}, one.id),
            ),
        );
        if (one.excerpt)
            box.append(el("pre", {tabindex: "0", "aria-label": `line ${one.line}`}, one.excerpt));
        if (one.help)
            box.append(el("p", {class: "quiet"}, `Help: ${one.help}`));
        const line = document.getElementById(`L${one.line}`);
        if (line)
            line.classList.add("wrong-line");
    }
    document.body.append(box);
    say(`The spec has ${count}`);
    if (document.getElementById("spec"))
        byId("spec").querySelector(".wrong-line")?.scrollIntoView({block: "center"});
}
