// The views: the manager, the simulator, the spec, the findings. On a wide screen the manager is
// always there, and the others stand beside it.
import {all, byId} from "./dom.js";

const VIEWS = ["main", "sim", "spec", "findings"];
const WIDE = "(min-width: 1100px)";
/** How far each view was scrolled on a narrow screen, where only one is shown. */
const seen = new Map();

export function isWide() {
    return matchMedia(WIDE).matches;
}

export function startDock() {
    for (const button of all(document, "[data-tab]")) {
        button.addEventListener("click", () => {
            show(button.dataset.tab || "main");
            if (button.getAttribute("role") !== "tab")
                focusPanel(button.dataset.tab || "main");
        });
    }
    byId("tab-sim").parentElement?.addEventListener("keydown", moveTab);
    matchMedia(WIDE).addEventListener("change", settle);
    for (const link of all(document, "a[href^='#']")) {
        link.addEventListener("click", () => {
            if (!isWide())
                show("main");
        });
    }
    settle();
}

/** On a wide screen some panel is shown; on a narrow one the manager comes first. */
function settle() {
    show(isWide() ? (shown() === "main" ? "sim" : shown()) : "main");
}

function shown() {
    return document.body.dataset.view || "main";
}

/** @param {string} view */
export function show(view) {
    if (!VIEWS.includes(view))
        return;
    if (view === "main" && isWide()) {
        byId("main").focus();
        return;
    }
    const before = shown();
    if (!isWide())
        seen.set(before, scrollY);
    document.body.dataset.view = view;
    for (const one of VIEWS) {
        const tab = byId(`tab-${one}`);
        tab.setAttribute("aria-selected", String(one === view));
        tab.setAttribute("tabindex", one === view ? "0" : "-1");
        if (one !== "main" && view !== "main")
            byId(`panel-${one}`).hidden = one !== view;
    }
    if (before !== view && !isWide())
        scrollTo({top: seen.get(view) || 0, behavior: "instant"});
}

/** @param {number} n from 0 */
export function showNth(n) {
    show(VIEWS[n]);
    focusPanel(VIEWS[n]);
}

/** @param {string} view */
function focusPanel(view) {
    const panel =
        view === "main" ? byId("main") : view === "spec" ? byId("spec") : byId(`panel-${view}`);
    panel.focus({preventScroll: isWide()});
}

/** @param {KeyboardEvent} event */
function moveTab(event) {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step)
        return;
    const tabs = all(document, "[role='tab']").filter(tab => tab.offsetParent !== null);
    const now = tabs.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = tabs[(now + step + tabs.length) % tabs.length];
    event.preventDefault();
    show(next.dataset.tab || "main");
    next.focus();
}
