// Starts Chromium for tests: $BERTH_CHROMIUM, or /usr/bin/chromium; its driver is in
// $BERTH_NODE_MODULES.
import {createRequire} from "node:module";
import {join} from "node:path";

export const need = createRequire(join(process.env.BERTH_NODE_MODULES, "none.js"));
const {chromium} = need("playwright-core");

export function start() {
    return chromium.launch({
        executablePath: process.env.BERTH_CHROMIUM || "/usr/bin/chromium",
        args: process.getuid() === 0 ? ["--no-sandbox"] : [], // root has no sandbox
    });
}
