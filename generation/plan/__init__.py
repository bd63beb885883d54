"""Who is in the dataset, which action units they show and which cameras see them. Pure: no pixels.

- Demographics: `paper` takes each marginal of the paper's Table 1 (exact at 2,500 identities, by largest remainder at
  other counts). The table has no joint distribution, so the three attributes are permuted independently.
  `balanced` fills the 24 cells age x ethnicity x gender evenly, and so that every marginal is even too.
- Age is uniform over the whole years 18-45 (young) and 65-90 (elderly).
- Pain: where `Spec.pspi` is uniform, each identity gets 10 different levels out of PSPI 1-16, in random order. Every
  level has the same probability at every expression, so PSPI is uniform over the dataset, and no identity repeats a
  level. The action units are then uniform over all integer combinations that have this PSPI (of the 6^5 x 2 = 15,552
  there are). Otherwise units are drawn as they were found in people, see `occurrence`.
- Companions: other units that come with pain (AU25 and AU26 above all) join some pain expressions, more often the
  stronger the pain. AU25 is at least as high as AU9 and AU10, which part the lips, too. They are recorded in `extra_au`
  and do not count. Left and right differ by up to 15 %, the gaze
  wanders and the head moves by a few degrees; `Spec.head_motion` scales that motion, and with 0 there is none.
- Others: `Spec.others` expressions that are no pain, see `others`.
- Views belong to the identity: the same three cameras see all its expressions, so that the neutral frame of a view
  and its pain frames differ in nothing but the face and the motion of the head.
- References: `Plan.references` shows a person on other days, once each: the same face at rest, in another light,
  place, clothes, hair and pose.
- Splits are by identity, 1747 : 497 : 256.
"""

from .circumstances import Circumstances
from .dataset import Chunk, Plan
from .records import ExpressionPlan, IdentityPlan, ViewPlan

__all__ = ["Chunk", "Circumstances", "ExpressionPlan", "IdentityPlan", "Plan", "ViewPlan"]
