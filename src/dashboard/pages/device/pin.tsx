import { t } from '../../i18n/text.ts';
import { isPinned, type Pin, togglePin } from '../../state/pins.ts';
import { Icon } from '../../ui/icon.tsx';
import { sayProblem } from '../../ui/toasts.tsx';

/** Whether a field is on the overview, and the way to have it so. */
export function PinButton({ pin }: { readonly pin: Pin }) {
  return (
    <button
      class="button plain"
      type="button"
      aria-pressed={isPinned(pin)}
      aria-label={t('{field} on the overview', { field: pin.field })}
      title={t('On the overview')}
      onClick={() => togglePin(pin).catch(sayProblem)}
    >
      <Icon name="pin" />
    </button>
  );
}
