// The top bar: search, the range of time, the state of capture in one sentence, and how things are shown.
import { CaptureSentence } from "./CaptureSentence";
import { Help } from "./Help";
import { Palette } from "./Palette";
import { SearchBar } from "./SearchBar";
import { View } from "./View";
import { TimeRange } from "./TimeRange";
import css from "./TopBar.module.css";

export function TopBar() {
  return (
    <header className={css.bar}>
      <SearchBar />
      <TimeRange />
      <CaptureSentence />
      <View />
      <Help />
      <Palette />
    </header>
  );
}
