// Buttons that copy a text. Without this script they stay hidden.
// Reads, on a button: data-copy, the text; data-copied, what the button says for a moment after. The button is hidden in the page.

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const words = button.innerHTML;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // The text stands beside the button, to be copied by hand.
    }
    button.textContent = button.dataset.copied;
    setTimeout(() => {
      button.innerHTML = words;
    }, 2000);
  });
}
