import type { Page } from 'playwright-core';

/** A person who knows nothing of a page except what it says; counts what they do. */
export interface Walk {
  readonly page: Page;
  /** Follows the link with these words; if there are several, the first. */
  follow(words: string | RegExp): Promise<void>;
  press(button: string | RegExp): Promise<void>;
  /** Opens what is collapsed behind these words. */
  unfold(words: string): Promise<void>;
  /** Gives an answer; `of`: the question, if the page has several with this answer. */
  answer(answer: string, of?: string | RegExp): Promise<void>;
  pick(entry: string, from: { readonly list: string }): Promise<void>;
  fill(field: string, value: string): Promise<void>;
  /** Opens the link of a mail. */
  open(link: string): Promise<void>;
  /** Waits until the page says this. */
  reads(words: string | RegExp): Promise<void>;
  /** How much was pressed, followed, unfolded or chosen, and how many fields were filled in. */
  readonly taken: { readonly clicks: number; readonly fields: number };
}

/** Starts at an address; elements of a page are found only by their role and their words. */
export async function walkFrom(page: Page, address: string): Promise<Walk> {
  await page.goto(address);
  let [clicks, fields] = [0, 0];
  const click = (what: Promise<void>): Promise<void> => {
    clicks += 1;
    return what;
  };
  const named = (name: string | RegExp) => ({ name, exact: typeof name === 'string' });
  return {
    page,
    follow: (words) => click(page.getByRole('link', named(words)).first().click()),
    press: (button) => click(page.getByRole('button', named(button)).click()),
    unfold: (words) => click(page.getByText(words, { exact: true }).click()),
    answer: (answer, of) =>
      click(
        (of === undefined ? page : page.getByRole('group', { name: of })).getByLabel(answer, { exact: true }).check(),
      ),
    pick: (entry, { list }) =>
      click(
        page
          .getByLabel(list, { exact: true })
          .selectOption({ label: entry })
          .then(() => undefined),
      ),
    async fill(field, value) {
      fields += 1;
      await page.getByLabel(field, { exact: true }).fill(value);
    },
    open: (link) => click(page.goto(link).then(() => undefined)),
    reads: (words) => page.getByText(words).first().waitFor(),
    get taken() {
      return { clicks, fields };
    },
  };
}
