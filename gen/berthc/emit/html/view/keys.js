// Keyboard shortcuts. They are single keys, so they count only where nobody writes.
import {byId} from "./dom.js";
import {showNth} from "./dock.js";
import {unmark} from "./mark.js";
import {toggleTheme} from "./theme.js";

/** @param {{run(): void, back(): void, forward(): void}} simulator */
export function startKeys(simulator) {
    const dialog = /** @type {HTMLDialogElement} */ (byId("keys"));
    byId("show-keys").addEventListener("click", () => dialog.showModal());
    byId("close-keys").addEventListener("click", () => dialog.close());
    document.addEventListener("keydown", event => {
        const at = /** @type {Element} */ (event.target);
        if (event.ctrlKey || event.metaKey || event.altKey || dialog.open)
            return;
        if (event.key === "Escape")
            unmark();
        if (at.closest("textarea, select, input:not([type='radio']):not([type='checkbox'])"))
            return;
        const n = "1234".indexOf(event.key);
        if (n >= 0)
            showNth(n);
        else if (event.key === "r")
            simulator.run();
        else if (event.key === "[")
            simulator.back();
        else if (event.key === "]")
            simulator.forward();
        else if (event.key === "t")
            toggleTheme();
        else if (event.key === "?")
            dialog.showModal();
        else
            return;
        event.preventDefault();
    });
}
