// Pictures fit the page; a button shows one in its full size.
import {all, el} from "./dom.js";

export function startPictures() {
    for (const picture of all(document, ".picture")) {
        const svg = picture.querySelector("svg");
        const label = picture.getAttribute("aria-label") || "";
        if (!svg) continue;
        const button = el("button", {
            type: "button",
            class: "small enlarge",
            "aria-pressed": "false",
        });
        button.append("Full size", el("span", {class: "sr"}, `: ${label}`));
        button.addEventListener("click", () => {
            const full = picture.classList.toggle("full");
            button.setAttribute("aria-pressed", String(full));
        });
        picture.before(button);
    }
}
