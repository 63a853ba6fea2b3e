// What is shown of something that needs another key.
import { Nothing } from "@/parts/Nothing";

export function NotPermitted({ what }: { what: string }) {
  return <Nothing what={`${what} are shown to administrators.`} why="The key that you are signed in with does not have the scope admin." />;
}
