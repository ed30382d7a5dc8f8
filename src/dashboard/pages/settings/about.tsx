import type { GetAboutAnswer } from '../../api/schema.ts';
import { bytes } from '../../i18n/format.ts';
import { plural, t } from '../../i18n/text.ts';
import { Problem } from '../../ui/problem.tsx';
import { useAnswer } from '../../ui/use-answer.ts';

/** What the gateway is made of, what it runs on, and where it is reached. */
export function Section() {
  const [answer] = useAnswer<GetAboutAnswer>('api/v1/about');
  if (answer.state === 'asking') return <p class="loading">{t('Asking the gateway …')}</p>;
  if (answer.state === 'failed') return <Problem error={answer.error} />;
  const { version, license, versions, machine, addresses, libraries } = answer.value;
  return (
    <>
      <h2>{t('About')}</h2>
      <section class="card">
        <header>
          <h3>Headgate {version}</h3>
          <span class="hint">{license}</span>
        </header>
        <dl class="pairs">
          <dt>{t('Machine')}</dt>
          <dd>
            {machine.model ?? machine.hostname}
            <br />
            <span class="hint">
              {machine.system} {machine.release} · {machine.architecture} ·{' '}
              {plural(machine.processors, '{n} processor', '{n} processors')} · {bytes(machine.memoryBytes)}
            </span>
          </dd>
          <dt>{t('Made with')}</dt>
          <dd>
            Node.js {versions.node} · {versions.sqlite !== null && `SQLite ${versions.sqlite} · `}OpenSSL{' '}
            {versions.openssl}
          </dd>
          <dt>{t('Addresses')}</dt>
          <dd>
            <ul>
              {addresses.http.map((url) => (
                <li key={url}>
                  <a href={url}>{url}</a>
                </li>
              ))}
            </ul>
          </dd>
        </dl>
        <div class="row">
          <a class="button" href="api/docs">
            {t('The API, described')}
          </a>
          <a class="button" href="api/openapi.json">
            OpenAPI
          </a>
        </div>
      </section>
      <section class="card">
        <details>
          <summary>
            {plural(libraries.length, '{n} library and its licence', '{n} libraries and their licences')}
          </summary>
          <div class="table-box">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('Library')}</th>
                  <th scope="col">{t('Version')}</th>
                  <th scope="col">{t('Licence')}</th>
                </tr>
              </thead>
              <tbody>
                {libraries.map((one) => (
                  <tr key={`${one.name}@${one.version}`}>
                    <th scope="row">{one.name}</th>
                    <td>{one.version}</td>
                    <td>{one.license}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      </section>
    </>
  );
}
