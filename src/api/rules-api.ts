import type { RuleBook } from '../admission/rule-book.ts';
import type { Decoder } from '../profiles/decoder.ts';
import type { RulesApi } from './rules-routes.ts';

/** The rules that hold, asked about by what a decoder sees in a message. */
export function rulesApi(rules: RuleBook, decode: Decoder): RulesApi {
  return {
    describe: () => rules.describe(),
    explain: (message) => rules.explainMessage(message, decode(message, Date.now())),
  };
}
