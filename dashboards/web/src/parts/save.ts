// Hands a text that was made here to the browser, which keeps it as a file.

/** Browsers fetch what is downloaded some time after the click. */
const FETCHED_MS = 10_000;

export function save(text: string, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), FETCHED_MS);
}
