// Listens beside the page's own connection and watches its cells: how long after a change came
// does the page show it, how much does the page move, how long are its tasks.
const bench = { shift: 0, loading: 0, moves: [], longest: 0, lags: [], changes: 0, batches: 0 };
window.bench = bench;
const cells = new Map();
const keys = new Map();
for (const cell of document.querySelectorAll("[data-matrix] td > a")) {
    const [, , service, , datacenter] = cell.getAttribute("href").split("/");
    const key = `cell/${service}/${datacenter}`;
    cells.set(key, cell);
    keys.set(cell, key);
}
// Changes not shown yet: when the first came, and the words that the last will show.
const waiting = new Map();
const label = cell => cell.getAttribute("aria-label");
const source = new EventSource(`/live?topics=${encodeURIComponent(arguments[0])}`);
source.addEventListener("batch", event => {
    const now = Date.now();
    bench.batches += 1;
    for (const change of JSON.parse(event.data)) {
        const cell = cells.get(change.k);
        if (!cell || change.label === undefined) continue;
        bench.changes += 1;
        const known = waiting.get(change.k);
        if (known) known.label = change.label;
        else if (label(cell) === change.label) bench.lags.push(0);
        else waiting.set(change.k, { at: now, label: change.label });
    }
});
const observer = new MutationObserver(records => {
    const now = Date.now();
    for (const cell of new Set(records.map(record => record.target))) {
        const key = keys.get(cell);
        const change = waiting.get(key);
        if (change && change.label === label(cell)) {
            bench.lags.push(now - change.at);
            waiting.delete(key);
        }
    }
});
for (const cell of cells.values()) observer.observe(cell, { attributeFilter: ["aria-label"] });
// How many changes the page owes for longer than `patience` milliseconds.
bench.owed = patience => {
    const now = Date.now();
    return Array.from(waiting.values()).filter(change => now - change.at > patience).length;
};
const begun = performance.now();
const place = ({ x, y, width, height }) => `${x},${y} ${width}x${height}`;
const name = ({ node, previousRect, currentRect }) =>
    `${node?.nodeName}.${node?.className ?? ""} ${place(previousRect)} to ${place(currentRect)}`;
new PerformanceObserver(list => {
    for (const entry of list.getEntries().filter(entry => !entry.hadRecentInput)) {
        bench.shift += entry.value;
        if (entry.startTime < begun) bench.loading += entry.value;
        const moved = entry.sources.map(name).join("; ");
        bench.moves.push(`${entry.value.toFixed(4)} at ${entry.startTime.toFixed()} ms: ${moved}`);
    }
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) bench.longest = Math.max(bench.longest, entry.duration);
}).observe({ type: "longtask" });
return new Promise((open, fail) => {
    source.addEventListener("beat", () => open(cells.size), { once: true });
    source.addEventListener("error", () => fail(new Error("no stream")), { once: true });
});
