// Pictures fit the page. Where that makes one small, a button shows it in its full size.
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
        });
        picture.before(button);
        new ResizeObserver(() => {
            const fits = Number(svg.getAttribute("width")) <= picture.clientWidth;
            button.hidden = fits && !picture.classList.contains("full");
        }).observe(picture);
    }
}
