// Makes the support page exact for an amount that was typed, suggests the domain that was meant, and sends the form once.
// The page is complete without it: what is ticked is put into words by the style sheet (css/giving.css).
//
// Reads, on form.give: data-currency; data-exponent (digits after the point); data-step (smallest chargeable unit, in
// minor units); data-fee-percent and data-fee-fixed (minor units), only for showing the cover of the fee.
// data-percent-off, data-amount-off and data-off-from (minor units): what a code takes off at first, and from how much on.
// On .say: data-words, a text with {amount} for the typed amount (and {first} for what a code leaves of it at first),
// put into its .plain and .covered;
// data-fee, a text with {amount} for what covering the fee adds.
// On .suggestion: data-slips, JSON {"gmial.com": "gmail.com"}; data-words, a text with {address}.

const form = document.querySelector("form.give");
const language = document.documentElement.lang || "en";

/* An amount as typed, in minor units; undefined where only the server can tell ("1.000" may be one or a thousand). */
function minorUnits(typed, exponent) {
  const text = typed.replace(/[\s\u00a0\u202f]/g, "").replace(/^\p{Sc}|\p{Sc}$/gu, "");
  const match = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(text);
  if (!match || (match[2] ?? "").length > exponent) return undefined;
  return Number(match[1]) * 10 ** exponent + Number((match[2] ?? "").padEnd(exponent, "0") || 0);
}

/* Minor units in the words of this page's language; no decimals where there are none. */
function money(minor, currency, exponent) {
  const digits = minor % 10 ** exponent === 0 ? 0 : exponent;
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol", ...fraction };
  return new Intl.NumberFormat(language, style).format(minor / 10 ** exponent);
}

/* What covering the fee adds, as the server reckons it: rounded up to what can be charged. */
function feeCover(minor, { feePercent, feeFixed, step }) {
  const whole = Math.ceil((minor + Number(feeFixed)) / (1 - Number(feePercent) / 100) - 1e-9);
  return Math.ceil(whole / Number(step)) * Number(step) - minor;
}

/* What a code leaves of an amount at first, rounded half up as the server rounds it. */
function firstCharge(minor, gift, { percentOff, amountOff, offFrom }) {
  if (gift < Number(offFrom)) return minor;
  const off = Math.floor((minor * Number(percentOff) + 50) / 100) || Number(amountOff);
  return Math.max(minor - off, 0);
}

function keepWords() {
  for (const part of form.querySelectorAll(".say[data-words] .plain, .say[data-words] .covered, .say[data-fee]")) {
    part.dataset.without = part.textContent;
  }
}

/* Puts the typed amount into words; where it cannot be read, the words without a number come back. */
function sayTyped() {
  const { currency, exponent } = form.dataset;
  const places = Number(exponent);
  const minor = minorUnits(form.elements.amount.value, places);
  const fee = minor ? feeCover(minor, form.dataset) : 0;
  const put = (part, words, amount) => {
    const first = firstCharge(amount, minor, form.dataset);
    const said = () => words.replaceAll("{amount}", money(amount, currency, places)).replaceAll("{first}", money(first, currency, places));
    const text = minor ? said() : part.dataset.without;
    if (part.textContent !== text) part.textContent = text;
  };
  for (const say of form.querySelectorAll(".say[data-words]")) {
    put(say.querySelector(".plain"), say.dataset.words, minor);
    put(say.querySelector(".covered"), say.dataset.words, minor + fee);
  }
  for (const say of form.querySelectorAll(".say[data-fee]")) put(say, say.dataset.fee, fee);
}

/* Ticking a suggested amount after typing another means the ticked one. */
function preferTicked() {
  for (const tick of form.querySelectorAll(".amounts input[type=radio]")) {
    tick.addEventListener("click", () => {
      form.elements.amount.value = "";
      sayTyped();
    });
  }
}

/* A likely slip of the finger is suggested as a button, never corrected and never blocked. */
function suggestDomain() {
  const place = form.querySelector(".suggestion[data-slips]");
  if (!place) return;
  const slips = JSON.parse(place.dataset.slips);
  const email = form.elements.email;
  const look = () => {
    const [, local, domain] = /^(.+)@([^@]+)$/.exec(email.value.trim()) ?? [];
    const meant = domain && Object.hasOwn(slips, domain.toLowerCase()) ? `${local}@${slips[domain.toLowerCase()]}` : "";
    place.replaceChildren();
    if (!meant) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "as-link";
    button.textContent = place.dataset.words.replace("{address}", meant);
    button.addEventListener("click", () => {
      email.value = meant;
      place.replaceChildren();
      email.focus();
    });
    place.append(button);
  };
  email.addEventListener("change", look);
  look();
}

/* One press, one payment page; coming back by the browser's Back finds the button alive. */
function sendOnce() {
  const button = form.querySelector("button[type=submit]");
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    button.setAttribute("aria-disabled", "true");
  });
  window.addEventListener("pageshow", () => {
    sent = false;
    button.removeAttribute("aria-disabled");
    sayTyped();
  });
}

if (form) {
  keepWords();
  form.elements.amount.addEventListener("input", sayTyped);
  preferTicked();
  suggestDomain();
  sendOnce();
  sayTyped();
}
