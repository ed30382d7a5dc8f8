import { type Locale, locale, locales, t } from '../i18n/text.ts';
import { setLocale, setTheme, type Theme, theme } from '../state/preferences.ts';
import { Field } from './field.tsx';
import { sayProblem } from './toasts.tsx';

/** Light or dark, and the language. */
export function Looks() {
  return (
    <>
      <Field label={t('Appearance')}>
        <select value={theme.value} onChange={(e) => setTheme(e.currentTarget.value as Theme)}>
          <option value="system">{t('As the system')}</option>
          <option value="light">{t('Light')}</option>
          <option value="dark">{t('Dark')}</option>
        </select>
      </Field>
      <Field label={t('Language')}>
        <select value={locale.value} onChange={(e) => setLocale(e.currentTarget.value as Locale).catch(sayProblem)}>
          {Object.entries(locales).map(([tag, name]) => (
            <option value={tag} key={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </Field>
    </>
  );
}
