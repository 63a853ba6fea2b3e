// Reads a query as far as typing it needs: its tokens and its conditions with their places. It refuses nothing; the API says what is wrong.

export type TokenKind = "field" | "word" | "phrase" | "operator" | "sign" | "open" | "close" | "range" | "comparison";

/** A token from character `from` to before `to`. `field` is the one it is a value of, or the one it names. */
export type Token = { kind: TokenKind; from: number; to: number; field: string | null };

/** One of the conditions that must all hold. `values` are those it allows or, negated, forbids; null where it says something else. */
export type Condition = { from: number; to: number; negated: boolean; field: string | null; values: string[] | null };

const OPERATOR = /(AND|OR|NOT)(?=[\s(")]|$)/y;
const FIELD = /((?:[^\s\\:()"[\]{}<>*]|\\.)+):/y;
const WORD = /(?:[^\s\\()"]|\\[\s\S]|\\$)+/y;
const PHRASE = /"(?:[^"\\]|\\[\s\S])*(?:"\*?|\\?$)/y;
const RANGE = /[[{][^\]}]*(?:[\]}]|$)/y;
const COMPARISON = /[<>]=?/y;
const SIGN = /[-+]/y;

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Return what stands for *raw*: a backslash takes the meaning from the next character. */
export function plain(raw: string): string {
  return raw.replaceAll(/\\([\s\S])/g, "$1");
}

class Reader {
  readonly tokens: Token[] = [];
  private at = 0;
  private readonly groups: (string | null)[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  read(): Token[] {
    while (this.at < this.text.length) {
      const before = this.at;
      if (/\s/.test(this.text[this.at] ?? "")) this.at += 1;
      else this.next();
      if (this.at === before) this.at += 1;
    }
    return this.tokens;
  }

  private get group(): string | null {
    return this.groups.at(-1) ?? null;
  }

  private take(kind: TokenKind, pattern: RegExp, field: string | null): boolean {
    const to = endOf(pattern, this.text, this.at);
    if (to === this.at) return false;
    this.tokens.push({ kind, from: this.at, to, field });
    this.at = to;
    return true;
  }

  private bracket(field: string | null): boolean {
    const char = this.text[this.at];
    if (char === "(") this.groups.push(field);
    else if (char === ")") this.groups.pop();
    else return false;
    this.tokens.push({ kind: char === "(" ? "open" : "close", from: this.at, to: this.at + 1, field: null });
    this.at += 1;
    return true;
  }

  private next(): void {
    const { group } = this;
    if (this.bracket(group) || this.take("operator", OPERATOR, null) || this.take("sign", SIGN, null)) return;
    if (group === null && this.take("field", FIELD, null)) {
      const named = this.tokens.at(-1);
      if (named) this.value((named.field = plain(this.text.slice(named.from, named.to - 1))));
    } else {
      this.value(group);
    }
  }

  private value(field: string | null): void {
    if (this.bracket(field)) return;
    if (field !== null) {
      if (this.take("range", RANGE, field)) return;
      this.take("comparison", COMPARISON, field);
    }
    if (!this.take("phrase", PHRASE, field)) this.take("word", WORD, field);
  }
}

/** Return the tokens of *text* in order; what is between them is white space. */
export function tokens(text: string): Token[] {
  return new Reader(text).read();
}

/** Return the conditions of *text* that must all hold; null when it is not a plain list of them (`a OR b`, or not yet finished). */
export function conditions(text: string): Condition[] | null {
  const all = tokens(text);
  const found: Condition[] = [];
  let at = 0;
  while (at < all.length) {
    const operator = wordOf(text, all[at]);
    if (operator === "OR") return null;
    if (operator === "AND") {
      if (found.length === 0 || at === all.length - 1) return null;
      at += 1;
    }
    const end = endOfCondition(text, all, at);
    if (end === null) return null;
    found.push(conditionOf(text, all.slice(at, end)));
    at = end;
  }
  return found;
}

function wordOf(text: string, token: Token | undefined): string {
  return token?.kind === "operator" ? text.slice(token.from, token.to) : "";
}

/** Return the index behind the condition that begins at token *at*; null when it does not end. */
function endOfCondition(text: string, all: readonly Token[], at: number): number | null {
  let next = at;
  while (all[next]?.kind === "sign" || wordOf(text, all[next]) === "NOT") next += 1;
  if (all[next]?.kind === "field") next += 1;
  if (all[next]?.kind === "comparison") next += 1;
  const token = all[next];
  if (!token || token.kind === "operator" || token.kind === "close" || token.kind === "field") return null;
  if (token.kind !== "open") return next + 1;
  let depth = 0;
  for (; next < all.length; next += 1) {
    if (all[next]?.kind === "open") depth += 1;
    if (all[next]?.kind === "close") depth -= 1;
    if (depth === 0) return next + 1;
  }
  return null;
}

function conditionOf(text: string, own: readonly Token[]): Condition {
  const negations = own.filter((token, at) => leads(own, at) && (text[token.from] === "-" || wordOf(text, token) === "NOT"));
  const rest = own.filter((_, at) => !leads(own, at));
  const named = rest[0]?.kind === "field" ? rest[0] : null;
  return {
    from: own[0]?.from ?? 0,
    to: own.at(-1)?.to ?? 0,
    negated: negations.length % 2 === 1,
    field: named?.field ?? null,
    values: named ? valuesOf(text, rest.slice(1)) : null,
  };
}

function leads(own: readonly Token[], at: number): boolean {
  return own.slice(0, at + 1).every((token) => token.kind === "sign" || token.kind === "operator");
}

function valuesOf(text: string, own: readonly Token[]): string[] | null {
  const inside = own[0]?.kind === "open" ? own.slice(1, -1) : own;
  const values: string[] = [];
  for (const [at, token] of inside.entries()) {
    if (at % 2 === 1) {
      if (wordOf(text, token) !== "OR") return null;
      continue;
    }
    const value = valueOf(text.slice(token.from, token.to), token.kind);
    if (value === null) return null;
    values.push(value);
  }
  return values;
}

function valueOf(raw: string, kind: TokenKind): string | null {
  if (kind === "phrase") return raw.endsWith('"') && raw.length > 1 ? plain(raw.slice(1, -1)) : null;
  return kind === "word" && !/(^|[^\\])[*?]/.test(raw) ? plain(raw) : null;
}
