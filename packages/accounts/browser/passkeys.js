// Beside the library of @simplewebauthn/browser, in one file with it: asks the browser for a passkey, and sends what it
// made as a form.
(() => {
  const { browserSupportsWebAuthn, browserSupportsWebAuthnAutofill, startAuthentication, startRegistration } =
    globalThis.SimpleWebAuthnBrowser;
  if (!browserSupportsWebAuthn()) return;

  const SAYINGS = {
    NotAllowedError: 'Nothing was signed: it was cancelled, or took too long. Try again.',
    InvalidStateError: 'This device has a passkey for your account already.',
  };

  for (const block of document.querySelectorAll('[data-passkey]')) {
    const form = block.querySelector('form');
    const options = JSON.parse(block.dataset.options);
    const problem = block.querySelector('[data-problem]');
    const send = (response) => {
      form.elements.namedItem('response').value = JSON.stringify(response);
      form.submit();
    };
    const answer = async () => {
      problem.hidden = true;
      try {
        send(await ask(block.dataset.passkey, options, form));
      } catch (error) {
        problem.textContent = SAYINGS[error.name] ?? 'Your browser could not do this. Try again, or use another way.';
        problem.hidden = false;
      }
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void answer();
    });
    block.hidden = false;
    if (block.dataset.autofill !== undefined) void offerInField(options, send);
  }

  function ask(kind, options, form) {
    if (kind === 'get') return startAuthentication({ optionsJSON: options });
    const username = form.elements.namedItem('username')?.value.trim().toLowerCase();
    const user = username ? { ...options.user, name: username, displayName: username } : options.user;
    return startRegistration({ optionsJSON: { ...options, user } });
  }

  // among what the username's field offers by itself; a press of the button takes its place
  async function offerInField(options, send) {
    if (!(await browserSupportsWebAuthnAutofill())) return;
    try {
      send(await startAuthentication({ optionsJSON: options, useBrowserAutofill: true }));
    } catch {
      // given up for the button, or nobody chose one
    }
  }
})();
