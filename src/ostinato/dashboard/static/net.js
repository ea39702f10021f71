// The JSON API: what is asked, how answers are read, and the poll.

const EVERY = 2000; // milliseconds between two polls
const PATIENCE = 15000;
const LONGEST_PAUSE = 15000;
const STORE = new Set(["store_unavailable", "store_failed"]);

/** An answer that is none: its status (0: nobody answered), and what the server said. */
export class ApiError extends Error {
  constructor(status, { code = "", message = "", hint = "" } = {}) {
    super(message || (status ? `The app answered with ${status}.` : "The app does not answer."));
    this.status = status;
    this.code = code;
    this.hint = hint ?? "";
  }

  /** What is wrong, and what to do: each a sentence. */
  get words() {
    return [this.message, this.hint].filter(Boolean).map(sentence).join(" ");
  }

  /** What kind of state this puts the page in. */
  get kind() {
    if (this.status === 401 || this.status === 403) return "unauthorized";
    if (STORE.has(this.code)) return "store";
    if (this.code === "not_running") return "stopped";
    return this.status ? "error" : "offline";
  }
}

const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`api/${path}`, {
      credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(PATIENCE), ...options,
    });
  } catch {
    throw new ApiError(0);
  }
  // Who is sent elsewhere is sent to log in.
  if (answer.type === "opaqueredirect") throw new ApiError(401, { message: "The app asks you to log in" });
  if (answer.ok || answer.status === 304) return answer;
  const body = await answer.json().catch(() => null);
  const detail = typeof body?.detail === "string" ? { message: body.detail } : undefined;
  throw new ApiError(answer.status, body?.error ?? detail);
}

async function read(answer) {
  try {
    return await answer.json();
  } catch {
    throw new ApiError(answer.status, { message: "The app's answer is not JSON." });
  }
}

/** Ask for *path*; parameters that are missing or empty are left out. */
export async function get(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const item of [value].flat()) if (item != null && item !== "") query.append(name, item);
  }
  return read(await ask(query.size ? `${path}?${query}` : path));
}

/** Steer: no form can send this header, so no other site can either. */
export async function post(path, body) {
  const headers = { "content-type": "application/json", "x-ostinato": "1" };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.status === 204 ? null : read(answer);
}

/** Polls the overview: every two seconds, not while the page is hidden, less often while it fails. */
export class Poll {
  #tag = null;
  #timer = 0;
  #failures = 0;
  #asking = false;
  #again = false;

  constructor(onNews, onFailure) {
    this.onNews = onNews;
    this.onFailure = onFailure;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.now();
    });
  }

  /** Ask at once; what is under way is followed by one more question. */
  now() {
    if (this.#asking) this.#again = true;
    else this.#turn();
  }

  async #turn() {
    clearTimeout(this.#timer);
    this.#asking = true;
    try {
      await this.#question();
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#failures += 1;
      this.onFailure(error);
    } finally {
      this.#asking = false;
      this.#rest();
    }
  }

  async #question() {
    const answer = await ask("overview", {
      headers: this.#tag ? { "if-none-match": this.#tag } : {}, cache: "no-store",
    });
    if (answer.status === 304) return this.onNews(null);
    const told = await read(answer);
    const drawn = await this.onNews(told);
    // Only then: what could not be drawn is asked for again.
    this.#tag = answer.headers.get("etag");
    return drawn;
  }

  #rest() {
    const pause = Math.min(EVERY * 2 ** this.#failures, LONGEST_PAUSE);
    if (this.#again) {
      this.#again = false;
      this.#timer = setTimeout(() => this.#turn(), 0);
    } else if (!document.hidden) {
      this.#timer = setTimeout(() => this.#turn(), this.#failures ? pause : EVERY);
    }
  }
}
