// Shows ideas similar to a title while it is typed, each with a button to back it instead.
// Without this script the form itself shows them before the suggestion is sent.
//
// Reads, on [data-similar]: the id of the field; data-seen, the id of the hidden field that tells the server which were
// shown; data-url, where the server draws them. [data-similar-says] is spoken when they change.

const PAUSE = 400; // milliseconds without a key before the server is asked
const SHORTEST = 4;

for (const place of document.querySelectorAll("[data-similar]")) {
  const title = document.getElementById(place.dataset.similar);
  const seen = document.getElementById(place.dataset.seen);
  const says = document.querySelector("[data-similar-says]");
  let waiting;
  let asking;

  const put = (page) => {
    const found = new DOMParser().parseFromString(page, "text/html").querySelector("[data-ids]");
    if (!found || found.dataset.ids === place.dataset.ids) return;
    place.dataset.ids = seen.value = found.dataset.ids;
    place.replaceChildren(...found.children);
    says.textContent = found.dataset.says;
  };

  const ask = async () => {
    asking?.abort();
    const typed = title.value.trim();
    if (typed.length < SHORTEST) return;
    asking = new AbortController();
    const address = `${place.dataset.url}?${new URLSearchParams({ title: typed })}`;
    try {
      const answer = await fetch(address, { signal: asking.signal, redirect: "error" });
      if (answer.ok) put(await answer.text());
    } catch {
      // Not found out just now: the form shows what is similar when it is sent.
    }
  };

  title.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
}
