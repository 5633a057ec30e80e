-- Version 1. Three chapters: what people signed, what newsreaders were promised, what can be made anew from both.

-- evidence: written only by ingest (and, for lines without a segment, by posting: the outbox)

CREATE TABLE person (
  pk INTEGER PRIMARY KEY,
  id BLOB NOT NULL,                  -- 32-byte identity; no two rows have the same
  key BLOB AS (substr(id, 1, 6))     -- store/ids.py
);
CREATE INDEX person_key ON person (key);

CREATE TABLE manifest (              -- the newest head held of each person
  person INTEGER PRIMARY KEY REFERENCES person,
  seq INTEGER NOT NULL,
  head_sha256 BLOB NOT NULL,
  pointer BLOB NOT NULL,             -- its signature alone, or the line, packed like head
  head BLOB NOT NULL,                -- the line as received, without line end: store/heads.py
  nick TEXT NOT NULL,
  arrived INTEGER NOT NULL,          -- unix seconds
  change INTEGER NOT NULL UNIQUE     -- position in the changes feed, which notices share
);

CREATE TABLE segment (
  pk INTEGER PRIMARY KEY,
  person INTEGER NOT NULL REFERENCES person,
  role TEXT NOT NULL,                -- posts or state
  position INTEGER NOT NULL,         -- in the head, from 0
  sha256 BLOB NOT NULL,
  octets INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  since INTEGER NOT NULL,
  redacted INTEGER NOT NULL DEFAULT 0,  -- lines of it were purged: it has other octets than its name says
  sealed INTEGER NOT NULL DEFAULT 0, -- 1: its lines stand in frames; 2: they cannot, and stay as they are
  places BLOB NOT NULL DEFAULT x'',  -- of lines that stand in frames: store/lines.py
  key BLOB AS (substr(sha256, 1, 6))
);
CREATE INDEX segment_person ON segment (person);
CREATE INDEX segment_key ON segment (key);
CREATE INDEX segment_since ON segment (since);  -- the oldest go first, a few at a time

CREATE TABLE line (                  -- without line end; those that stand in frames have no row
  pk INTEGER PRIMARY KEY,            -- segment * 2^20 + ordinal from 0; below 0: own, not yet sealed (the outbox)
  octets BLOB NOT NULL,              -- store/packing.py; empty: purged
  person INTEGER REFERENCES person,  -- in the outbox: whose
  role TEXT,                         -- in the outbox
  segment INTEGER AS (CASE WHEN pk > 0 THEN pk >> 20 END)
);
CREATE TABLE frame (                 -- sealed lines of posts segments: store/frames.py
  pk INTEGER PRIMARY KEY AUTOINCREMENT,  -- readers keep frames open: none is ever another
  dictionary INTEGER NOT NULL,       -- 0: none
  lines INTEGER NOT NULL,
  segments BLOB NOT NULL,            -- keys in ascending order, each as a varint of how much it exceeds the last
  octets BLOB NOT NULL
);

CREATE TABLE dictionary (            -- what frames are compressed with
  pk INTEGER PRIMARY KEY,
  octets BLOB NOT NULL,              -- compressed
  octets_then INTEGER NOT NULL       -- of the segments that were to be sealed when it was trained
);

CREATE INDEX line_outbox ON line (person, role) WHERE person IS NOT NULL;

CREATE TABLE fork (                  -- proof that a key signed two heads of one seq
  person INTEGER NOT NULL REFERENCES person,
  seq INTEGER NOT NULL,
  kept BLOB NOT NULL,                -- pointer lines
  other BLOB NOT NULL,
  PRIMARY KEY (person, seq)
) WITHOUT ROWID;

CREATE TABLE version (               -- when the last heads of a person came
  person INTEGER NOT NULL REFERENCES person,
  seq INTEGER NOT NULL,
  head_sha256 BLOB NOT NULL,
  arrived INTEGER NOT NULL,          -- unix seconds
  PRIMARY KEY (person, seq)
) WITHOUT ROWID;

CREATE TABLE recovery (              -- the recovery key that somebody is known by here, for ever
  person INTEGER PRIMARY KEY REFERENCES person,
  next BLOB NOT NULL                 -- its hash, from the first head; another one only if that key agreed
);

CREATE TABLE notice (                -- lines that stand on their own in the changes feed: forks and moves
  person INTEGER NOT NULL REFERENCES person,
  kind TEXT NOT NULL,
  about BLOB NOT NULL,               -- of a move: the successor, empty for a revocation; of a fork: empty
  line BLOB NOT NULL,                -- as received, without line end
  change INTEGER UNIQUE,             -- position in the changes feed; NULL: not proved, not passed on
  PRIMARY KEY (person, kind, about)
) WITHOUT ROWID;

CREATE TABLE branch (                -- versions that a newer head of the same key does not know of, though it should
  person INTEGER NOT NULL REFERENCES person,
  seq INTEGER NOT NULL,
  pointer BLOB NOT NULL,             -- line
  PRIMARY KEY (person, seq)
) WITHOUT ROWID;

CREATE TABLE merged (                -- heads of forks and branches that a later head has named in merge
  person INTEGER NOT NULL REFERENCES person,
  head_sha256 BLOB NOT NULL,
  PRIMARY KEY (person, head_sha256)
) WITHOUT ROWID;

CREATE TABLE parked (                -- heads that are looked at again later: not held, evidence of nothing
  person INTEGER NOT NULL REFERENCES person,
  head_sha256 BLOB NOT NULL,
  seq INTEGER NOT NULL,
  due INTEGER NOT NULL,              -- unix seconds
  source TEXT NOT NULL,
  bundle BLOB NOT NULL,
  PRIMARY KEY (person, head_sha256)
);
CREATE INDEX parked_due ON parked (due);

CREATE TABLE quota (                 -- how much of a person was taken in the last period in which something came
  person INTEGER PRIMARY KEY REFERENCES person,
  period INTEGER NOT NULL,           -- 0: first contact; else the UTC day
  posts INTEGER NOT NULL,
  octets INTEGER NOT NULL
);

CREATE TABLE excess (                -- lines of segments that are not shown yet: more than the author's quota, or dated
                                     -- after the author's head
  line INTEGER PRIMARY KEY REFERENCES line,
  person INTEGER NOT NULL REFERENCES person,
  time INTEGER NOT NULL              -- of the post, unix seconds
);
CREATE INDEX excess_person ON excess (person, time);

CREATE TABLE pace (                  -- how fast the heads of a person come that bring no posts
  person INTEGER PRIMARY KEY REFERENCES person,
  spent INTEGER NOT NULL             -- unix seconds at which all of the burst will be free again
);

-- promises: what newsreaders and the owner were told; append only

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE article (               -- every post id heard of, and the node's own articles
  pk INTEGER PRIMARY KEY,
  id BLOB NOT NULL,                  -- 32 octets: a post; 16: made by this node
  arrived INTEGER NOT NULL,          -- unix seconds
  key BLOB AS (substr(id, 1, 6))
);
CREATE INDEX article_key ON article (key);

CREATE TABLE digest (                -- sums over the rows of tables of which nobody else has a copy: store/sums.py
  name TEXT PRIMARY KEY,
  sum INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE alias (                 -- Message-IDs that the newsreaders of one local identity (the view) gave
  view INTEGER NOT NULL REFERENCES person,
  message_id TEXT NOT NULL,
  article INTEGER NOT NULL REFERENCES article,
  PRIMARY KEY (view, message_id)
) WITHOUT ROWID;

CREATE TABLE fingerprint (           -- of recent own posts, against doubles without a Message-ID
  sha256 BLOB PRIMARY KEY,
  article INTEGER NOT NULL REFERENCES article,
  made INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX fingerprint_made ON fingerprint (made);

CREATE TABLE newsgroup (             -- per view: the local identity whose eyes see it
  pk INTEGER PRIMARY KEY,
  view INTEGER NOT NULL REFERENCES person,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL,
  low INTEGER NOT NULL DEFAULT 1,
  high INTEGER NOT NULL DEFAULT 0,
  count INTEGER NOT NULL DEFAULT 0,  -- derived: rows in overview
  hidden INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,  -- derived: exceeds all others whenever something that is shown of it changes
  UNIQUE (view, name)
);
CREATE INDEX newsgroup_version ON newsgroup (version);

CREATE TABLE number (
  newsgroup INTEGER NOT NULL REFERENCES newsgroup,
  number INTEGER NOT NULL,
  article INTEGER NOT NULL REFERENCES article,
  given INTEGER NOT NULL,            -- unix seconds
  PRIMARY KEY (newsgroup, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX number_article ON number (article, newsgroup);

CREATE TABLE local_article (         -- receipts, help, log: made here, never published
  article INTEGER PRIMARY KEY REFERENCES article,
  newsgroup INTEGER NOT NULL REFERENCES newsgroup,
  octets BLOB NOT NULL               -- without Xref
);

CREATE TABLE address (               -- from invitation links
  person INTEGER NOT NULL REFERENCES person,
  url TEXT NOT NULL,
  PRIMARY KEY (person, url)
) WITHOUT ROWID;

CREATE TABLE fetched (               -- versions of an own manifest that were handed to other nodes: store/fetched.py
  view INTEGER NOT NULL REFERENCES person,
  newest INTEGER NOT NULL REFERENCES article,  -- the newest own post in it
  first INTEGER NOT NULL,            -- unix seconds
  times INTEGER NOT NULL,
  PRIMARY KEY (view, newest)
) WITHOUT ROWID;

CREATE TABLE shed (                  -- whose segments, up to which, went for the sake of the quota
  person INTEGER PRIMARY KEY REFERENCES person,
  since INTEGER NOT NULL
);

CREATE TABLE unkept (                -- segments of held heads that are not kept here
  person INTEGER NOT NULL REFERENCES person,
  sha256 BLOB NOT NULL,
  octets INTEGER NOT NULL,
  off_boards INTEGER NOT NULL,       -- 1: no post in it stands in the boards that are kept
  PRIMARY KEY (person, sha256)
) WITHOUT ROWID;

CREATE TABLE closed_address (        -- of a mutual, told to one local identity (the view) alone
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  url TEXT NOT NULL,
  PRIMARY KEY (view, person)
) WITHOUT ROWID;

CREATE TABLE purged (                -- identities and posts that are never kept again
  id BLOB PRIMARY KEY
) WITHOUT ROWID;

-- promises: what each local identity chose for itself (the view); never published

CREATE TABLE private_rating (        -- stands before a published one of one's own; in 1/10000
  view INTEGER NOT NULL REFERENCES person,
  target INTEGER NOT NULL REFERENCES person,
  mt INTEGER,
  tlt INTEGER,
  PRIMARY KEY (view, target)
) WITHOUT ROWID;

CREATE TABLE note (
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  text TEXT NOT NULL,
  PRIMARY KEY (view, person)
) WITHOUT ROWID;

CREATE TABLE word_filter (
  pk INTEGER PRIMARY KEY,
  view INTEGER NOT NULL REFERENCES person,
  pattern TEXT NOT NULL,
  is_regex INTEGER NOT NULL,
  until INTEGER,                     -- unix seconds
  UNIQUE (view, pattern, is_regex)
);

CREATE TABLE watch (
  view INTEGER NOT NULL REFERENCES person,
  thread INTEGER NOT NULL REFERENCES article,
  PRIMARY KEY (view, thread)
) WITHOUT ROWID;

CREATE TABLE by_group (              -- whose posts have a group of their own
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  name TEXT NOT NULL,                -- zb.by.NICK
  PRIMARY KEY (view, person),
  UNIQUE (view, name)
) WITHOUT ROWID;

CREATE TABLE via_group (             -- through whose lists boards are shown
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  name TEXT NOT NULL,                -- via.NICK
  PRIMARY KEY (view, person),
  UNIQUE (view, name)
) WITHOUT ROWID;

CREATE TABLE mirror_choice (
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  serve INTEGER NOT NULL,            -- 0 or 1; no row: as the setting says
  PRIMARY KEY (view, person)
) WITHOUT ROWID;

CREATE TABLE pin (                   -- held at this version
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  seq INTEGER NOT NULL,
  head_sha256 BLOB NOT NULL,
  level INTEGER NOT NULL,            -- model.views.Level at that time: it stays at least that
  PRIMARY KEY (view, person)
) WITHOUT ROWID;

-- promises: what commands did, so that it can be taken back; and what zb.people and zb.log have said

CREATE TABLE deed (                  -- what one article of commands (or one `zbnntp do`) changed
  pk INTEGER PRIMARY KEY,
  view INTEGER NOT NULL REFERENCES person,
  article INTEGER REFERENCES article,  -- the commands; NULL: from the command line
  receipt INTEGER REFERENCES article,
  made INTEGER NOT NULL,             -- unix seconds
  undoes INTEGER REFERENCES deed ON DELETE SET NULL,  -- it does nothing but take this one back
  undone INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deed_view ON deed (view, pk);
CREATE INDEX deed_article ON deed (article) WHERE article IS NOT NULL;
CREATE INDEX deed_receipt ON deed (receipt) WHERE receipt IS NOT NULL;

CREATE TABLE step (                  -- one thing that a deed changed, in order
  deed INTEGER NOT NULL REFERENCES deed ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  before TEXT NOT NULL,              -- JSON
  after TEXT NOT NULL,
  PRIMARY KEY (deed, ordinal)
) WITHOUT ROWID;

CREATE TABLE card (                  -- articles of zb.people
  article INTEGER PRIMARY KEY REFERENCES article,
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  issued INTEGER NOT NULL,           -- unix seconds
  facts TEXT NOT NULL,               -- JSON of what makes a new one at once; empty: superseded
  counts TEXT NOT NULL               -- JSON of what makes a new one after a day
);
CREATE INDEX card_person ON card (view, person);

CREATE TABLE arrival (               -- where somebody's first manifest came from
  person INTEGER PRIMARY KEY REFERENCES person,
  source TEXT NOT NULL,
  at INTEGER NOT NULL
);

CREATE TABLE cursor (                -- where to go on reading the feeds of others
  view INTEGER NOT NULL REFERENCES person,
  url TEXT NOT NULL,
  next TEXT NOT NULL,
  read INTEGER NOT NULL,             -- unix seconds
  PRIMARY KEY (view, url)
) WITHOUT ROWID;

CREATE TABLE shown (                 -- whom a view's feed offers, as far as it was looked at
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  change INTEGER NOT NULL,           -- position in that feed, while the manifest's own is older
  PRIMARY KEY (view, person)
) WITHOUT ROWID;
CREATE INDEX shown_change ON shown (view, change);

CREATE TABLE code (                  -- one-time codes that a local identity handed out: who comes with one is rated so
  view INTEGER NOT NULL REFERENCES person,
  code TEXT NOT NULL,
  mt INTEGER NOT NULL,               -- in 1/10000
  days INTEGER NOT NULL,             -- for how long; 0: for good
  note TEXT NOT NULL,                -- the owner's: for whom it is
  made INTEGER NOT NULL,             -- unix seconds
  until INTEGER NOT NULL,
  person INTEGER REFERENCES person,  -- who came with it
  came INTEGER,
  thread TEXT NOT NULL,              -- Message-IDs below which the owner is told
  PRIMARY KEY (view, code)
) WITHOUT ROWID;
CREATE INDEX code_person ON code (person) WHERE person IS NOT NULL;

CREATE TABLE offer (                 -- ways in that a local identity offers as a registrar
  view INTEGER NOT NULL REFERENCES person,
  way TEXT NOT NULL,                 -- registrar.kinds
  a_day INTEGER NOT NULL,            -- newcomers at most
  PRIMARY KEY (view, way)
) WITHOUT ROWID;

CREATE TABLE admission (             -- who passed a challenge of a local identity, each time
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  at INTEGER NOT NULL,               -- unix seconds
  way TEXT NOT NULL,
  until INTEGER,                     -- of the rating; NULL: for good
  mark BLOB,                         -- keyed hash of what one newcomer alone may use: a mail address
  PRIMARY KEY (view, person, at)
) WITHOUT ROWID;
CREATE INDEX admission_at ON admission (view, way, at);
CREATE INDEX admission_mark ON admission (mark) WHERE mark IS NOT NULL;

CREATE TABLE spent (                 -- challenges that were answered: they are good once
  nonce BLOB PRIMARY KEY,            -- first 16 octets of its hash
  until INTEGER NOT NULL,            -- when the challenge ends by itself
  person INTEGER,                    -- who answered well,
  reply BLOB                         -- and what he was told: said again when he asks again
) WITHOUT ROWID;

CREATE TABLE application (           -- registrars whom a local identity asks for a first rating
  pk INTEGER PRIMARY KEY,
  view INTEGER NOT NULL REFERENCES person,
  registrar INTEGER NOT NULL REFERENCES person,
  way TEXT NOT NULL,                 -- empty: whichever is offered
  answer TEXT NOT NULL,              -- to give; empty: none yet
  stage TEXT NOT NULL,               -- joining.Stage
  challenge BLOB NOT NULL,           -- line; empty: none yet
  thread TEXT NOT NULL,              -- Message-IDs: what asked for it, then, each behind a blank, those about it
  made INTEGER NOT NULL,             -- unix seconds
  due INTEGER NOT NULL,              -- when the registrar is asked next
  tries INTEGER NOT NULL             -- in vain, since it last answered
);
CREATE INDEX application_view ON application (view, stage);

CREATE TABLE diary (                 -- what the next digest in zb.log will say
  pk INTEGER PRIMARY KEY,
  view INTEGER REFERENCES person,    -- NULL: of all
  at INTEGER NOT NULL,               -- unix seconds
  kind TEXT NOT NULL,
  person INTEGER REFERENCES person,
  text TEXT NOT NULL,
  shown INTEGER NOT NULL DEFAULT 0,
  hidden INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE feed (                  -- news servers to which a view is sent (`zbnntp feed`)
  pk INTEGER PRIMARY KEY,
  view INTEGER NOT NULL REFERENCES person,
  server TEXT NOT NULL,              -- host:port
  UNIQUE (view, server)
);

CREATE TABLE fed (                   -- what such a server has of 256 numbers of a group
  feed INTEGER NOT NULL REFERENCES feed,
  newsgroup INTEGER NOT NULL REFERENCES newsgroup,
  block INTEGER NOT NULL,            -- number / 256
  sent BLOB NOT NULL,                -- 32 octets: bit n is number block * 256 + n, little end first
  sure BLOB NOT NULL,                -- of these, those that need not be offered once more
  version INTEGER NOT NULL,          -- the block's when nothing of it was left to send; 0: something is
  at INTEGER NOT NULL,               -- unix seconds
  PRIMARY KEY (feed, newsgroup, block)
) WITHOUT ROWID;

-- derived: dropped and made anew by `zbnntp rebuild`

CREATE TABLE label (                 -- newest label line of somebody about a post or a person
  labeller INTEGER NOT NULL REFERENCES person,
  article INTEGER REFERENCES article,  -- one of the two
  person INTEGER REFERENCES person,
  name TEXT NOT NULL,
  note TEXT NOT NULL
);
CREATE INDEX label_labeller ON label (labeller);
CREATE INDEX label_article ON label (article) WHERE article IS NOT NULL;
CREATE INDEX label_person ON label (person) WHERE person IS NOT NULL;

CREATE TABLE boards (                -- where posts stand, each combination once
  pk INTEGER PRIMARY KEY,
  names TEXT NOT NULL UNIQUE         -- comma-separated, in the order of the post
);

CREATE TABLE post (
  article INTEGER PRIMARY KEY REFERENCES article,
  author INTEGER NOT NULL REFERENCES person,
  thread INTEGER NOT NULL REFERENCES article,  -- itself for an OP
  parent INTEGER REFERENCES article,           -- direct parent; NULL for an OP
  line INTEGER NOT NULL REFERENCES line,
  boards INTEGER NOT NULL REFERENCES boards,  -- as the post says
  time INTEGER NOT NULL,
  sage INTEGER NOT NULL
);
CREATE INDEX post_author ON post (author);
CREATE INDEX post_thread ON post (thread);
CREATE INDEX post_parent ON post (parent) WHERE parent <> thread;  -- the others are found by their thread

CREATE TABLE opening (               -- thread headers held, by post or by carry
  thread INTEGER PRIMARY KEY REFERENCES article,
  author INTEGER NOT NULL REFERENCES person,
  boards INTEGER NOT NULL REFERENCES boards,
  subject TEXT NOT NULL,
  line INTEGER REFERENCES line       -- NULL: the header is known, its line has gone
);
CREATE INDEX opening_author ON opening (author);

CREATE TABLE carry (                 -- carry lines that count: who passes on which thread's opening
  thread INTEGER NOT NULL REFERENCES article,
  line INTEGER NOT NULL REFERENCES line,
  carrier INTEGER NOT NULL REFERENCES person,
  PRIMARY KEY (thread, line)
) WITHOUT ROWID;
CREATE INDEX carry_line ON carry (line);

CREATE TABLE deletion (              -- posts that their author took back or replaced
  article INTEGER NOT NULL REFERENCES article,
  author INTEGER NOT NULL REFERENCES person,   -- acts on own posts only
  PRIMARY KEY (article, author)
) WITHOUT ROWID;

CREATE TABLE rating (                -- newest trust line of a rater about a target
  rater INTEGER NOT NULL REFERENCES person,
  target INTEGER NOT NULL REFERENCES person,
  mt INTEGER,
  tlt INTEGER,
  note TEXT NOT NULL,
  until INTEGER,
  PRIMARY KEY (rater, target)
) WITHOUT ROWID;
CREATE INDEX rating_target ON rating (target);

CREATE TABLE ended (                 -- by a move that their recovery key signed
  person INTEGER PRIMARY KEY REFERENCES person,
  seq INTEGER NOT NULL,              -- the last good version
  head_sha256 BLOB NOT NULL,
  heir INTEGER REFERENCES person     -- who follows; NULL: nobody, or two and the owner has not said whom
);
CREATE INDEX ended_heir ON ended (heir) WHERE heir IS NOT NULL;

CREATE TABLE disowned (              -- posts that came after the end of their author
  article INTEGER PRIMARY KEY REFERENCES article,
  author INTEGER NOT NULL REFERENCES person
);
CREATE INDEX disowned_author ON disowned (author);

CREATE VIEW counted_rating AS        -- as the engine reads them: good ones of somebody who moved are of their heir
  SELECT rater, target, mt, tlt, note, until FROM rating
  WHERE target NOT IN (SELECT person FROM ended WHERE heir IS NOT NULL) OR mt < 0
    OR (coalesce(mt, 0) <= 0 AND coalesce(tlt, 0) <= 0)
  UNION ALL
  SELECT r.rater, e.heir, max(r.mt), max(r.tlt), max(r.note), min(r.until)
  FROM ended e CROSS JOIN rating r ON r.target = e.person  -- in this order: few have ended
  WHERE e.heir IS NOT NULL AND r.rater <> e.heir AND coalesce(r.mt, 0) >= 0
    AND (coalesce(r.mt, 0) > 0 OR coalesce(r.tlt, 0) > 0)
    AND NOT EXISTS (SELECT 1 FROM rating d WHERE d.rater = r.rater AND d.target = e.heir)
  GROUP BY r.rater, e.heir;

CREATE TABLE registrar (             -- whose profile says so
  person INTEGER PRIMARY KEY REFERENCES person
);

CREATE TABLE vote (                  -- newest vote of a person on a post; none that was taken back
  voter INTEGER NOT NULL REFERENCES person,
  article INTEGER NOT NULL REFERENCES article,
  author INTEGER NOT NULL REFERENCES person,   -- of the post, as the voter says
  value INTEGER NOT NULL,            -- -1 or 1
  PRIMARY KEY (voter, article)
) WITHOUT ROWID;
CREATE INDEX vote_article ON vote (article);

CREATE TABLE score (                 -- what the votes on a post come to in a view; none: 0
  view INTEGER NOT NULL REFERENCES person,
  article INTEGER NOT NULL REFERENCES article,
  units INTEGER NOT NULL,            -- billionths of a full vote
  PRIMARY KEY (view, article)
) WITHOUT ROWID;

CREATE TABLE level (
  view INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  tlt REAL NOT NULL,
  mt REAL NOT NULL,
  fetch INTEGER NOT NULL,
  level INTEGER NOT NULL,            -- model.views.Level
  PRIMARY KEY (view, person)
) WITHOUT ROWID;
CREATE INDEX level_person ON level (person);

CREATE TABLE via_level (             -- the same through the eyes of those in via_group
  root INTEGER NOT NULL REFERENCES person,
  person INTEGER NOT NULL REFERENCES person,
  tlt REAL NOT NULL,
  mt REAL NOT NULL,
  fetch INTEGER NOT NULL,
  level INTEGER NOT NULL,
  PRIMARY KEY (root, person)
) WITHOUT ROWID;
CREATE INDEX via_level_person ON via_level (person);

CREATE TABLE level_version (         -- counts up whenever a level or a trust value changes that readers are shown
  view INTEGER PRIMARY KEY REFERENCES person,
  version INTEGER NOT NULL
);

CREATE TABLE overview (              -- visible articles only, but for those in packed blocks
  newsgroup INTEGER NOT NULL REFERENCES newsgroup,
  number INTEGER NOT NULL,
  article INTEGER NOT NULL REFERENCES article,
  author INTEGER,                    -- NULL: made by this node
  fields BLOB NOT NULL,              -- Subject, From, Date, Message-ID, References, as they are printed
  octets INTEGER NOT NULL,           -- of the article without Xref and X-Zb- lines
  lines INTEGER NOT NULL,
  xref BLOB NOT NULL,                -- the header line, without line end
  sage INTEGER NOT NULL,
  form INTEGER NOT NULL,             -- model.article.Form
  PRIMARY KEY (newsgroup, number)
) WITHOUT ROWID;

CREATE TABLE block (                 -- 256 numbers of a group, for those who keep its overview rendered
  newsgroup INTEGER NOT NULL REFERENCES newsgroup,
  block INTEGER NOT NULL,            -- number / 256
  count INTEGER NOT NULL,            -- visible articles
  version INTEGER NOT NULL,          -- the newsgroup's when something in it changed last
  PRIMARY KEY (newsgroup, block)
) WITHOUT ROWID;

CREATE TABLE packed (                -- the overview of blocks that have not changed for a while: store/blocks.py
  pk INTEGER PRIMARY KEY,            -- by chance: readers keep blocks open, and none is ever another
  newsgroup INTEGER NOT NULL REFERENCES newsgroup,
  block INTEGER NOT NULL,
  stale INTEGER NOT NULL DEFAULT 0,  -- 1: something in it has changed
  octets BLOB NOT NULL,
  UNIQUE (newsgroup, block)
);

CREATE TABLE gap (                   -- numbers of packed blocks that are not in them, or are but count no more
  newsgroup INTEGER NOT NULL REFERENCES newsgroup,
  number INTEGER NOT NULL,
  PRIMARY KEY (newsgroup, number)
) WITHOUT ROWID;

CREATE VIEW standing AS              -- where articles are visible
  SELECT n.newsgroup, n.number, n.article FROM number n
  WHERE EXISTS (SELECT 1 FROM overview o WHERE o.newsgroup = n.newsgroup AND o.number = n.number)
    OR (EXISTS (SELECT 1 FROM packed p WHERE p.newsgroup = n.newsgroup AND p.block = n.number / 256)
      AND NOT EXISTS (SELECT 1 FROM gap g WHERE g.newsgroup = n.newsgroup AND g.number = n.number));

-- versions: whoever keeps answers for newsreaders ready sees by them what to make anew, whatever changed it

CREATE TRIGGER newsgroup_made AFTER INSERT ON newsgroup BEGIN
  UPDATE newsgroup SET version = (SELECT max(version) + 1 FROM newsgroup) WHERE pk = NEW.pk;
END;

CREATE TRIGGER newsgroup_changed AFTER UPDATE OF description, low, high, hidden ON newsgroup BEGIN
  UPDATE newsgroup SET version = (SELECT max(version) + 1 FROM newsgroup) WHERE pk = NEW.pk;
END;

CREATE TRIGGER overview_made AFTER INSERT ON overview BEGIN
  INSERT OR IGNORE INTO gap SELECT newsgroup, NEW.number FROM packed
    WHERE newsgroup = NEW.newsgroup AND block = NEW.number / 256;
  UPDATE newsgroup SET count = count + 1, version = (SELECT max(version) + 1 FROM newsgroup) WHERE pk = NEW.newsgroup;
  INSERT INTO block VALUES (NEW.newsgroup, NEW.number / 256, 1, (SELECT max(version) FROM newsgroup))
    ON CONFLICT (newsgroup, block) DO UPDATE SET count = count + 1, version = excluded.version;
  UPDATE packed SET stale = 1 WHERE newsgroup = NEW.newsgroup AND block = NEW.number / 256;
END;

CREATE TRIGGER overview_changed AFTER UPDATE ON overview BEGIN
  UPDATE newsgroup SET version = (SELECT max(version) + 1 FROM newsgroup) WHERE pk = NEW.newsgroup;
  UPDATE block SET version = (SELECT max(version) FROM newsgroup)
    WHERE newsgroup = NEW.newsgroup AND block = NEW.number / 256;
  UPDATE packed SET stale = 1 WHERE newsgroup = NEW.newsgroup AND block = NEW.number / 256;
END;

CREATE TRIGGER overview_gone AFTER DELETE ON overview BEGIN
  UPDATE newsgroup SET count = count - 1, version = (SELECT max(version) + 1 FROM newsgroup) WHERE pk = OLD.newsgroup;
  UPDATE block SET count = count - 1, version = (SELECT max(version) FROM newsgroup)
    WHERE newsgroup = OLD.newsgroup AND block = OLD.number / 256;
END;

CREATE TRIGGER gap_made AFTER INSERT ON gap BEGIN
  UPDATE newsgroup SET count = count - 1, version = (SELECT max(version) + 1 FROM newsgroup) WHERE pk = NEW.newsgroup;
  UPDATE block SET count = count - 1, version = (SELECT max(version) FROM newsgroup)
    WHERE newsgroup = NEW.newsgroup AND block = NEW.number / 256;
  UPDATE packed SET stale = 1 WHERE newsgroup = NEW.newsgroup AND block = NEW.number / 256;
END;

CREATE TRIGGER level_made AFTER INSERT ON level
WHEN (EXISTS (SELECT 1 FROM post WHERE author = NEW.person)
  OR EXISTS (SELECT 1 FROM opening WHERE author = NEW.person)) BEGIN
  INSERT INTO level_version VALUES (NEW.view, 1) ON CONFLICT (view) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER level_changed AFTER UPDATE ON level
WHEN (OLD.mt <> NEW.mt OR OLD.level <> NEW.level) AND (EXISTS (SELECT 1 FROM post WHERE author = NEW.person)
  OR EXISTS (SELECT 1 FROM opening WHERE author = NEW.person)) BEGIN
  INSERT INTO level_version VALUES (NEW.view, 1) ON CONFLICT (view) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER level_gone AFTER DELETE ON level BEGIN
  INSERT INTO level_version VALUES (OLD.view, 1) ON CONFLICT (view) DO UPDATE SET version = version + 1;
END;

CREATE TRIGGER score_made AFTER INSERT ON score BEGIN
  UPDATE newsgroup SET version = (SELECT max(version) + 1 FROM newsgroup)
    WHERE view = NEW.view AND pk IN (SELECT newsgroup FROM number WHERE article = NEW.article);
  UPDATE block SET version = (SELECT max(version) FROM newsgroup) WHERE (newsgroup, block) IN
    (SELECT n.newsgroup, n.number / 256 FROM number n JOIN newsgroup g ON g.pk = n.newsgroup
     WHERE n.article = NEW.article AND g.view = NEW.view);
END;

CREATE TRIGGER score_changed AFTER UPDATE ON score BEGIN
  UPDATE newsgroup SET version = (SELECT max(version) + 1 FROM newsgroup)
    WHERE view = NEW.view AND pk IN (SELECT newsgroup FROM number WHERE article = NEW.article);
  UPDATE block SET version = (SELECT max(version) FROM newsgroup) WHERE (newsgroup, block) IN
    (SELECT n.newsgroup, n.number / 256 FROM number n JOIN newsgroup g ON g.pk = n.newsgroup
     WHERE n.article = NEW.article AND g.view = NEW.view);
END;
