// Waits on a page for a payment to be confirmed, and shows the page anew once it is settled either way.
// Reads, on [data-confirming]: data-url, an address that answers {"waiting": true or false}; data-slow, what to say
// when it takes long. Inside it, [data-confirming-text] holds the words, which are announced as they change.

const FIRST_WAIT = 1500;
const LONGEST_WAIT = 15000;
const GROWTH = 1.25;
const SLOW_AFTER = 20000;
const GIVE_UP_AFTER = 15 * 60 * 1000;

const box = document.querySelector("[data-confirming]");

async function isWaiting(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    return answer.ok ? (await answer.json()).waiting !== false : true;
  } catch {
    return true; // Offline, or the server restarts: nothing is known, so keep asking.
  }
}

async function watch() {
  const began = Date.now();
  let wait = FIRST_WAIT;
  while (Date.now() - began < GIVE_UP_AFTER) {
    await new Promise((done) => setTimeout(done, wait));
    if (document.hidden) continue;
    if (!(await isWaiting(box.dataset.url))) {
      location.reload();
      return;
    }
    if (Date.now() - began > SLOW_AFTER && box.dataset.slow) {
      const words = box.querySelector("[data-confirming-text]");
      if (words && words.textContent !== box.dataset.slow) words.textContent = box.dataset.slow;
    }
    wait = Math.min(wait * GROWTH, LONGEST_WAIT);
  }
}

if (box) watch();
