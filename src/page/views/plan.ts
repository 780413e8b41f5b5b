/** What a plan would do, as the person is shown it: all of it out of the record. */
import type { PlanRecord, Shown } from '../../store/types.ts';
import { html, seenJson, type Html } from '../html.ts';
import { span, when } from './words.ts';

/** The whole, in the order of what a decision needs first. */
export const details = (plan: PlanRecord, shown: Shown, now: number): Html =>
  html` ${
      shown.pattern !== undefined &&
      html`<section class="box warn" aria-labelledby="pattern">
        <h2 id="pattern">Look twice</h2>
        <p>${shown.pattern}</p>
      </section>`
    }
    <section aria-labelledby="what">
      <h2 id="what">What would happen</h2>
      <ul class="concerns">
        ${shown.concerns.map((it) => html`<li>${it}</li>`)}
      </ul>
      ${shown.says.map((it) => html`<p>${it}</p>`)}
      ${shown.irreversible !== undefined && html`<p class="box warn"><strong>Cannot be undone:</strong> ${shown.irreversible}</p>`}
      ${difference(shown)} ${requests(shown)}
    </section>
    <section aria-labelledby="who">
      <h2 id="who">Who asks, and why you</h2>
      ${facts(plan, shown, now)}
    </section>`;

function facts(plan: PlanRecord, shown: Shown, now: number): Html {
  const { expires, created, decided, approvals } = plan;
  const rows: readonly (readonly [string, Html | string])[] = [
    ['About', shown.environment],
    ['Asked by', shown.requester],
    ['Through', html`${shown.client} <span class="hint">(self-reported)</span>`],
    ['Tool', html`<code>${shown.tool}</code>`],
    ['Counts as', shown.effects.join(', ')],
    ['Why you are asked', shown.why],
    ['Rule', html`<code>${shown.rule}</code>`],
    ['Asked', when(created)],
    ['Valid', expires > now ? html`until ${when(expires)}, ${span(expires - now)} left` : html`until ${when(expires)}`],
  ];
  const people = approvals === 0 ? [] : [['Approved by', approvedBy(decided, approvals)] as const];
  return html`<dl>
    ${[...rows, ...people].map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

const approvedBy = (decided: PlanRecord['decided'], approvals: number): Html =>
  html`${decided.length} of ${approvals}${decided.length > 0 && `: ${decided.map((it) => it.name).join(', ')}`}`;

/** The values stand in it as JSON, exactly: what is shown can be read back and compared with what is sent. */
function difference({ differences }: Shown): Html | undefined {
  if (differences.length === 0) return undefined;
  return html`<table class="difference">
    <caption>
      Exact difference
    </caption>
    <thead>
      <tr>
        <th scope="col">Now</th>
        <th scope="col">After</th>
      </tr>
    </thead>
    ${differences.map(
      ({ path, before, after }) =>
        html`<tbody data-path="${path}">
          <tr>
            <th scope="rowgroup" colspan="2"><code>${path}</code></th>
          </tr>
          <tr>
            ${cell('before', before)}${cell('after', after)}
          </tr>
        </tbody>`,
    )}
  </table>`;
}

const cell = (side: 'before' | 'after', json: string | undefined): Html =>
  json === undefined
    ? html`<td data-side="${side}"><em>not there</em></td>`
    : html`<td data-side="${side}"><code>${seenJson(json)}</code></td>`;

function requests({ requests: all }: Shown): Html | undefined {
  if (all.length === 0) return undefined;
  return html`<details class="requests">
    <summary>The exact ${all.length === 1 ? 'request' : `${all.length} requests`} that a yes sends</summary>
    <ol>
      ${all.map(
        ({ method, path, body }) =>
          html`<li>
            <code data-request="line">${method} ${path}</code
            >${body !== undefined && html`<pre tabindex="0" role="region" aria-label="Body"><code data-request="body">${seenJson(body)}</code></pre>`}
          </li>`,
      )}
    </ol>
  </details>`;
}
