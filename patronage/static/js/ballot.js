// Says how many topics are ticked, and gently keeps a voter from ticking more than the round allows.
// Without this the ballot works the same, and the server says when there are too many.

for (const form of document.querySelectorAll("[data-ballot]")) {
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const says = form.querySelector("[data-ballot-says]");
  const most = Number(form.dataset.most);

  const look = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.disabled = !box.checked && ticked >= most;
    const some = form.dataset.some.replace("{ticked}", ticked).replace("{most}", most);
    says.textContent = ticked >= most ? form.dataset.full : some;
  };

  form.addEventListener("change", look);
  look();
}
