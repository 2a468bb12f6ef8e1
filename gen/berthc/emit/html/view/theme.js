// Light or dark: as the system says, until the reader says otherwise.
import {byId} from "./dom.js";

const KEPT = "berth-theme";

export function startTheme() {
    const kept = recall();
    if (kept)
        document.documentElement.dataset.theme = kept;
    byId("theme").addEventListener("click", toggleTheme);
}

export function toggleTheme() {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    try {
        localStorage.setItem(KEPT, next);
    } catch {
        // a browser may refuse storage for files; the choice then ends with the page
    }
}

function recall() {
    try {
        const kept = localStorage.getItem(KEPT);
        return kept === "dark" || kept === "light" ? kept : null;
    } catch {
        return null;
    }
}
