// Checks a receipt in the page: computes its leaf and looks for it on the published list. The code does not leave the page;
// what is asked for is the part of the list that begins with the first two digits of the leaf.
// Without this script the button stays hidden, and the server checks.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SHAPE = /^(\d+)\.(\d+)\.(\d+(?:-\d+)*)\.([A-Z2-7]{52})$/;
const PREFIX = 2;

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function fromBase32(text) {
  const bytes = [];
  let held = 0;
  let bits = 0;
  for (const letter of text) {
    held = (held << 5) | LETTERS.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
      held &= (1 << bits) - 1;
    }
  }
  return bytes;
}

async function leafOf(round, version, choices, secret) {
  const bytes = fromBase32(secret);
  const ticked = choices === "0" ? "" : choices.replaceAll("-", ",");
  const text = `${round}:${hex(bytes.slice(0, 16))}:${version}:${ticked}:${hex(bytes.slice(16))}`;
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

async function check(code) {
  const parts = SHAPE.exec(code.replace(/\s/g, "").toUpperCase());
  if (!parts) return "wrong";
  const leaf = await leafOf(...parts.slice(1));
  const list = await fetch(`/topics/${parts[1]}/leaves.txt?prefix=${leaf.slice(0, PREFIX)}`);
  if (!list.ok) return "waiting";
  return (await list.text()).split("\n").includes(leaf) ? "listed" : "missing";
}

for (const form of document.querySelectorAll("[data-receipt]")) {
  if (!globalThis.crypto?.subtle) break;
  const button = form.querySelector("[data-receipt-here]");
  const says = document.querySelector("[data-receipt-says]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const found = await check(form.elements.code.value);
    const notice = document.createElement("p");
    notice.className = `notice ${{ listed: "success", missing: "danger", waiting: "info", wrong: "warning" }[found]}`;
    notice.textContent = form.dataset[found];
    says.replaceChildren(notice);
  });
}
