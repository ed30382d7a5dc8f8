import type { RuleBook } from '../admission/rule-book.ts';
import type { Decoder } from '../profiles/decoder.ts';
import type { RulesApi } from './rules-routes.ts';

/** The rules that hold, asked about by what a decoder sees in a message. */
export function rulesApi(rules: RuleBook, decode: Decoder): RulesApi {
  return {
    describe: () => rules.describe(),
    explain: (message) => {
      const decoded = decode(message, Date.now());
      const [{ deviceId, fields }] = decoded.measurements;
      return { device: deviceId, fields: fields.map(({ name }) => name), explanation: rules.explain(message, decoded) };
    },
  };
}
