// The states in which there is no list of tasks to show.

import { one, setIcon, setText, show } from "./dom.js";

const EXAMPLE = `scheduler = Scheduler()

@scheduler.every(minutes=5)
async def tidy() -> None:
    ...`;

const STATES = {
  empty: {
    icon: "waiting",
    title: "No tasks yet",
    words: "A task is declared beside the function that it runs. It appears here when the app is started again.",
    code: EXAMPLE,
  },
  unauthorized: {
    icon: "off",
    title: "You may not see this page",
    words: "The app lets only those in whom it knows. Sign in there, then try again.",
    retry: true,
  },
  store: {
    icon: "failing",
    title: "The store does not answer",
    words: "Where the tasks are remembered cannot be reached at the moment. It is asked again by itself.",
    retry: true,
  },
  stopped: {
    icon: "off",
    title: "The scheduler is not running",
    words: "The app answers, and starts no tasks: it may be starting again, or ending. It is asked again by itself.",
    retry: true,
  },
  offline: {
    icon: "failing",
    title: "The app does not answer",
    words: "It may be starting again, or your network is away. It is asked again by itself.",
    retry: true,
  },
  error: {
    icon: "failing",
    title: "The app could not answer",
    words: "It is asked again by itself; the app's log tells more.",
    retry: true,
  },
};

/** Show one of the states; `loading` is the skeleton, null the board itself. */
export function showState(name, error = null) {
  one("#main").dataset.state = name ?? "board";
  const state = STATES[name];
  show(one("#skeleton"), name === "loading");
  show(one("#board"), name === null);
  show(one("#state"), Boolean(state));
  if (!state) return;
  setIcon(one("#state"), state.icon);
  setText(one("#state h1"), state.title);
  const detail = error?.status ? ` The answer was ${error.status}: ${error.words}` : "";
  setText(one("#state p"), state.words + detail);
  setText(one("#state pre"), state.code ?? "");
  show(one("#state pre"), Boolean(state.code));
  show(one("#state button"), Boolean(state.retry));
}
