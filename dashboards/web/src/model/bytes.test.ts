import { expect, test } from "vitest";
import { fromBase64, hexPage, PAGE_BYTES, pagesOf, rasterType } from "./bytes";

test("a line of hex has its offset, its bytes in two halves and what is printable", () => {
  const bytes = new TextEncoder().encode('{"a": "<b>é"}!!!.');
  expect(hexPage(bytes, 1)).toEqual([
    { offset: "00000000", hex: "7b 22 61 22 3a 20 22 3c  62 3e c3 a9 22 7d 21 21", text: '{"a": "<b>··"}!!' },
    { offset: "00000010", hex: "21 2e", text: "!." },
  ]);
});

test("hex is paged, and there is always a first page", () => {
  const bytes = new Uint8Array(PAGE_BYTES + 1);
  expect([pagesOf(0), pagesOf(PAGE_BYTES), pagesOf(bytes.length)]).toEqual([1, 1, 2]);
  expect(hexPage(bytes, 2)).toEqual([{ offset: "00000200", hex: "00", text: "·" }]);
});

test("pictures of pixels are known by their first bytes, whatever their sender calls them", () => {
  expect(rasterType(fromBase64("/9j/4AAQSkZJRg=="))).toBe("image/jpeg");
  expect(rasterType(fromBase64("iVBORw0KGgo="))).toBe("image/png");
  expect(rasterType(new TextEncoder().encode("GIF89a,,"))).toBe("image/gif");
  expect(rasterType(new TextEncoder().encode("RIFF....WEBPVP8 "))).toBe("image/webp");
});

test("a drawing that may carry script is no picture to show", () => {
  expect(rasterType(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'))).toBeNull();
  expect(rasterType(new Uint8Array())).toBeNull();
});
