// The part of the page at "/" by which people say who they are, or the first of them makes an administrator.

export const signInStyle = `
form { display: grid; gap: .75rem; max-width: 20rem; margin: 0 0 2rem; }
form[hidden], label[hidden], p[hidden] { display: none; }
label { display: grid; font-size: .85rem; }
input, button { font: inherit; padding: .4rem .6rem; }
`;

export const signInScript = `
let csrf = '';
/** Who this browser is for the gateway: a name and a way out, or a form. */
async function askWho() {
  const { principal, csrfToken, setup } = await (await fetch('api/v1/session', { cache: 'no-store' })).json();
  csrf = csrfToken ?? '';
  const isUnknown = principal.kind === 'nobody';
  const isNew = isUnknown && setup !== undefined && setup !== 'done';
  $('whoami').hidden = csrf === '';
  $('person').textContent = principal.name;
  $('signin').hidden = !isUnknown;
  $('ask').hidden = !(isNew && setup === 'code');
  $('enter').textContent = isNew ? 'Make the first administrator' : 'Sign in';
  $('signin').onsubmit = (event) => {
    event.preventDefault();
    signIn(isNew);
  };
  $('leave').onclick = signOut;
  return isNew ? 'Nobody may see this yet. Make the first administrator:' : 'Sign in to see how the gateway is doing.';
}
async function signIn(isNew) {
  const body = { name: $('user').value, password: $('password').value };
  if (isNew && $('code').value !== '') body.code = $('code').value;
  const answer = await fetch(isNew ? 'api/v1/setup' : 'api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  $('password').value = '';
  if (answer.ok) location.reload();
  else $('refused').textContent = (await answer.json()).detail;
}
async function signOut() {
  await fetch('api/v1/session', { method: 'DELETE', headers: { 'x-csrf-token': csrf } });
  location.reload();
}
`;

export const signInForm = `<form id="signin" hidden>
<label>Name <input id="user" autocomplete="username" required></label>
<label>Password <input id="password" type="password" autocomplete="current-password" required></label>
<label id="ask" hidden>Code, which <code>headgate setup-code</code> prints on the gateway <input id="code" autocomplete="off"></label>
<button id="enter">Sign in</button>
<p id="refused" role="alert"></p>
</form>
<p id="whoami" hidden>Signed in as <span id="person"></span>. <button id="leave" type="button">Sign out</button></p>`;
