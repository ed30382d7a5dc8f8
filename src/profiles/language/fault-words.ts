import { RE2JS } from 're2js';
import { closest } from '../../lib/spelling.ts';

/** `is "TEXT", …` when something is wrong with a text. @param fault says what, as what follows */
export function textFault(text: string | undefined, fault: (text: string) => string | undefined): string | undefined {
  const found = text === undefined ? undefined : fault(text);
  return found === undefined ? undefined : `is "${text}", ${found}.`;
}

/** What is wrong with a regular expression, as what follows "is …, ". */
export function expressionFault(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    // The library's message starts with its own words for the same.
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return `but that is no RE2 expression: ${reason}`;
  }
}

/** That a word is none of those that there are, and which one was meant. */
export function unknownWord(word: string, all: readonly string[], what: string): string {
  const meant = closest(word, all);
  return `there is no such ${what}${meant === undefined ? '.' : `; did you mean \`${meant}\`?`}`;
}
