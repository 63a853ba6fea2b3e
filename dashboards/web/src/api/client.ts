// Asks the API: every call is checked against its OpenAPI document, and every error is a Problem.
import createClient from "openapi-fetch";
import { toSegment } from "@/model/names";
import { answered, answers, isOwn, notAnswered } from "./contact";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** An error as the API tells it (RFC 9457), or that nothing answered (status 0). */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Record<string, unknown>) {
    super(String(body["detail"] ?? body["title"] ?? `The server answered ${status}.`));
    this.status = status;
    this.type = String(body["type"] ?? "");
    this.title = String(body["title"] ?? "");
    this.body = body;
  }
}

/** Return the path with its parameters, which are as `toParam` makes them. */
export function pathOf(template: string, params: Record<string, unknown>): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => toSegment(String(params[name] ?? "")));
}

export const client = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  credentials: "same-origin",
  pathSerializer: pathOf,
});

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Return that nothing answered, and have it asked when something does again. */
export function noAnswer(): Problem {
  notAnswered();
  return new Problem(0, { title: "No answer", detail: "hoptrail does not answer at this address. Is it running?" });
}

/** Return why there was no answer: hoptrail does not answer at all, or it is there, and only this did not come through. */
async function unanswered(): Promise<Problem> {
  // Were all taken for lost, all would be asked again with each of these.
  if (!(await answers())) return noAnswer();
  return new Problem(0, { title: "No answer", detail: "hoptrail is there, but its answer to this did not come through." });
}

/** Return the data of an answer.
 *
 * @throws Problem: it is an error, or nothing answered.
 */
export async function told<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw await unanswered();
  }
  if (!isOwn(answer.response, answer.error)) throw await unanswered();
  answered();
  if (answer.response.ok) return answer.data as T;
  const body = typeof answer.error === "object" && answer.error !== null ? (answer.error as Record<string, unknown>) : {};
  throw new Problem(answer.response.status, body);
}
