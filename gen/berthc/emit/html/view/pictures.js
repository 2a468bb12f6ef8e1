// Pictures fit the page. Where that makes one small, a button shows it in its full size. One that
// is wider than the page begins at its initial state.
import {all, el} from "./dom.js";

export function startPictures() {
    for (const picture of all(document, ".picture")) {
        const svg = picture.querySelector("svg");
        if (!svg)
            continue;
        const label = picture.getAttribute("aria-label") || "";
        const button = el(
            "button",
            {type: "button", class: "small enlarge", "aria-pressed": "false"},
            "Full size",
            el("span", {class: "sr"}, `: ${label}`),
        );
        button.addEventListener("click", () => {
            const full = picture.classList.toggle("full");
            button.setAttribute("aria-pressed", String(full));
            toInitial(picture);
        });
        picture.before(button);
        let seen = false;
        new ResizeObserver(() => {
            if (!seen && picture.clientWidth) {
                seen = true;
                toInitial(picture);
            }
            const fits = Number(svg.getAttribute("width")) <= picture.clientWidth;
            button.hidden = fits && !picture.classList.contains("full");
        }).observe(picture);
    }
}

/** Brings the initial state to the middle, as far as the picture can be scrolled.
 * @param {HTMLElement} picture */
function toInitial(picture) {
    const box = picture.querySelector("[data-initial]")?.getBoundingClientRect();
    const frame = picture.getBoundingClientRect();
    if (box)
        picture.scrollLeft += box.left + box.width / 2 - (frame.left + frame.width / 2);
}
