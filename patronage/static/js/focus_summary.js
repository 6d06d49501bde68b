// Brings a person whose form was refused to the summary of what is wrong.
// Reads: [data-focus-summary], the element to focus (it has tabindex="-1").

document.querySelector("[data-focus-summary]")?.focus();
