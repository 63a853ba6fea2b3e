// A message in a sentence, and the error that its consumer told of.
import { storyOf, type Told } from "@/model/story";
import { ErrorTold } from "./ErrorTold";
import css from "./Message.module.css";
import { Pieces } from "./Pieces";

export function Story({ message }: { message: Told }) {
  return (
    <>
      <p className={css.story}>
        <Pieces pieces={storyOf(message)} />.
      </p>
      <ErrorTold error={message.error} />
    </>
  );
}
