/** The page that a command opens for itself. */
import { createSite, type OpenSite } from '../page/page.ts';
import type { Enrolling } from '../page/site.ts';
import { PageUnavailable } from '../page/types.ts';
import type { PlanRecord } from '../store/types.ts';
import type { Office } from './approver-state.ts';

/** On the port that is set, or on any free one where the server's own page has that. */
export function siteOf(office: Office, enrolling?: Enrolling): OpenSite {
  const ports = office.isShared ? { ...office, store: ownPartOf(office) } : office;
  const first = createSite(ports, enrolling);
  let used = first;
  return {
    async open() {
      try {
        return await used.open();
      } catch (error) {
        if (!(error instanceof PageUnavailable) || office.port === 0 || used !== first) throw error;
        used = createSite({ ...ports, port: 0 }, enrolling);
        return used.open();
      }
    },
    close: () => used.close(),
  };
}

/** Who may answer what is asked over HTTP is for those servers to say; over HTTP nobody has a principal like that of a terminal. */
function ownPartOf({ store, principal }: Office): Office['store'] {
  const { plans } = store;
  const isOwn = (it: PlanRecord) => it.principal === principal;
  return {
    ...store,
    plans: {
      ...plans,
      async find(id) {
        const plan = await plans.find(id);
        return plan && isOwn(plan) ? plan : undefined;
      },
      list: async () => (await plans.list()).filter(isOwn),
    },
  };
}
