import { useEffect } from 'preact/hooks';
import type { GetAlarmsRulesAnswer } from '../../api/schema.ts';
import type { Rule } from '../../ui/rule.ts';
import { useAnswer } from '../../ui/use-answer.ts';
import type { Device } from './about.ts';
import { Commands } from './commands.tsx';
import { Handling } from './handling.tsx';
import { Messages } from './messages.tsx';
import { Profile } from './profile.tsx';
import { rulesFor } from './threshold.ts';
import { Thresholds } from './thresholds.tsx';

/** What is not looked at first: loaded, and asked for, after the chart. @param onRules is told which rules hold for the device */
export function Rest({
  device,
  onRules,
}: {
  readonly device: Device;
  readonly onRules: (rules: readonly Rule[]) => void;
}) {
  const [rules, again] = useAnswer<GetAlarmsRulesAnswer>('api/v1/alarms/rules');
  const own = rules.state === 'here' ? rulesFor(rules.value.rules, device) : [];
  useEffect(() => onRules(own), [JSON.stringify(own)]);
  return (
    <>
      <div class="columns">
        <Thresholds device={device} rules={rules} own={own} again={again} />
        <Handling device={device} />
        <Commands device={device} />
        <Profile device={device} />
      </div>
      <Messages device={device} />
    </>
  );
}
