// Schedules as people write them, and as the API takes them: `every 5 minutes`, `every 300000 ms`.

const SIZES = [["day", 86400e3], ["hour", 3600e3], ["minute", 60e3], ["second", 1e3], ["ms", 1]];
const UNITS = { d: 86400e3, h: 3600e3, min: 60e3, s: 1e3, ...Object.fromEntries(SIZES) };
const PERIOD = /^(every|delay)\s+(?:(\d+(?:\.\d+)?)\s*)?([a-z]+)$/i;
const ZONE = /^(?:UTC|[A-Z][A-Za-z_]+\/[A-Z][\w+/-]+)$/;

/** Return the text that the API takes; what is not understood is left for it to refuse. */
export function canonical(text) {
  const period = PERIOD.exec(text.trim());
  const unit = period?.[3].toLowerCase();
  const size = UNITS[unit] ?? UNITS[unit?.replace(/s$/, "")];
  if (size) return `${period[1].toLowerCase()} ${Math.round(Number(period[2] ?? 1) * size)} ms`;
  const fields = text.trim().replace(/^cron\s+/, "").split(/\s+/);
  const zone = ZONE.test(fields.at(-1)) ? fields.pop() : "UTC";
  const isCron = /^[\d*]/.test(fields[0]) && (fields.length === 5 || fields.length === 6);
  return isCron ? `cron ${fields.join(" ").toUpperCase()} ${zone}` : text.trim();
}

/** Return how a person would write the API's *text*. */
export function readable(text) {
  const period = /^(every|delay) (\d+) ms$/.exec(text ?? "");
  if (!period) return (text ?? "").replace(/^cron /, "");
  const [unit, size] = SIZES.find(([, each]) => period[2] % each === 0);
  const count = period[2] / size;
  return `${period[1]} ${count} ${unit}${count === 1 || unit === "ms" ? "" : "s"}`;
}
