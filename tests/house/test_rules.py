"""Each rule of docs/protocol.md, section by section, and each attack it has to withstand, with a test named for it.

Whoever changes a rule finds here what has to fail then; whoever renames a test is told.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT

DOCUMENT = ROOT / "docs" / "protocol.md"

# section of the document, rule, file under tests/, test
RULES: tuple[tuple[int, str, str, str], ...] = (
    (1, "unknown fields and kinds are kept and passed on", "ingest/test_relay.py",
     "test_unknown_fields_and_kinds_are_passed_on_byte_for_byte"),
    (2, "an identity as text", "model/test_keys.py", "test_what_is_no_identity"),
    (2, "one Message-ID a post", "model/test_keys.py", "test_each_post_has_one_message_id_only"),
    (2, "links", "model/test_link.py", "test_what_is_no_link"),
    (2, "weak keys sign nothing", "independent/test_vectors.py", "test_weak_keys_sign_nothing"),
    (2, "S + L and a small R are refused", "model/test_vectors.py", "test_s_plus_l_and_a_small_order_r_are_refused"),
    (2, "prefixes keep what is signed apart", "model/test_entries.py",
     "test_a_signature_for_something_else_proves_no_thread"),
    (3, "what is canonical", "model/test_canonical.py", "test_decode_accepts_only_what_encode_makes"),
    (3, "lines in another form", "independent/test_vectors.py", "test_lines_in_another_form_are_refused"),
    (3, "length before parsing", "model/test_canonical.py", "test_a_line_above_the_limit_is_not_parsed"),
    (3, "no recursion without bound", "independent/test_vectors.py", "test_open_brackets_without_end_are_refused"),
    (4, "each kind has its role", "model/test_entries.py", "test_each_kind_has_one_role"),
    (4, "a post is its author's", "model/test_entries.py", "test_a_post_in_somebody_elses_segment"),
    (4, "the id hashes the header", "model/test_entries.py", "test_the_id_is_over_everything_but_body_and_signature"),
    (4, "an OP is signed", "model/test_entries.py", "test_an_op_without_signature"),
    (4, "board names", "model/test_boards.py", "test_reserved_names"),
    (4, "a carry needs an answer beside it", "ingest/test_threads.py",
     "test_a_carry_counts_only_beside_an_answer_to_its_thread"),
    (4, "a carry is made once a segment", "sealing/test_segments.py",
     "test_the_opening_one_answers_is_carried_once_a_segment"),
    (4, "an OP shown from its carry", "ingest/test_placeholders.py",
     "test_a_placeholder_says_who_when_what_about_and_why_the_text_is_missing"),
    (4, "deletions act on own posts", "journeys/test_taking_back.py", "test_a_deletion_by_another_key_has_no_effect"),
    (4, "of state lines with one key the last counts", "ingest/test_ratings.py",
     "test_the_last_line_about_somebody_counts"),
    (4, "a rating of neither takes back", "model/test_entries.py", "test_a_rating_of_neither_takes_back"),
    (4, "a vote that breaks a rule", "ingest/test_votes.py", "test_a_broken_vote_is_skipped"),
    (4, "same counts when mutual", "model/test_succession.py", "test_two_identities_of_one_person_are_linked"),
    (5, "a reply waits for its opening", "ingest/test_threads.py",
     "test_an_answer_waits_for_its_opening_and_appears_with_it"),
    (5, "a reply's boards are its thread's", "ingest/test_threads.py",
     "test_an_answer_in_other_boards_than_its_thread_is_never_shown"),
    (5, "parents of another thread", "ingest/test_threads.py",
     "test_answers_to_answers_carry_their_chain_and_nothing_of_other_threads_matters"),
    (5, "a post is not younger than its head", "ingest/test_segments.py",
     "test_a_bad_line_is_skipped_and_relayed_as_it_is"),
    (5, "a replacement keeps the thread", "ingest/test_replacing.py",
     "test_a_replacement_of_an_opening_keeps_its_thread"),
    (5, "a chain is followed", "ingest/test_replacing.py", "test_a_chain_of_replacements_ends_with_the_last"),
    (5, "only the first replacement counts", "ingest/test_replacing.py",
     "test_a_second_replacement_is_a_post_like_any_other"),
    (5, "nobody replaces posts of others", "ingest/test_replacing.py", "test_nobody_replaces_posts_of_others"),
    (6, "a segment is what its head says", "model/test_manifest.py",
     "test_a_segment_with_other_lines_than_its_head_says"),
    (6, "bad lines spoil no segment", "model/test_manifest.py", "test_lines_that_break_rules_do_not_spoil_a_segment"),
    (6, "growth", "ingest/test_segments.py", "test_a_grown_segment_keeps_its_lines_and_adds_the_new_ones"),
    (6, "a range that does not fit", "peers/test_hostile_peers.py",
     "test_a_range_that_is_a_lie_is_followed_by_one_whole_fetch"),
    (6, "sealed at 256 KiB", "sealing/test_segments.py", "test_a_segment_is_sealed_at_256_kib"),
    (6, "sealed with the month", "sealing/test_segments.py", "test_a_segment_ends_with_its_month"),
    (6, "state is written anew", "sealing/test_segments.py",
     "test_state_is_written_anew_when_most_of_it_is_superseded"),
    (6, "own lines of unknown kinds stay", "sealing/test_segments.py",
     "test_own_lines_of_kinds_that_are_not_known_are_never_superseded"),
    (6, "a deletion rewrites a segment", "journeys/test_taking_back.py",
     "test_cancel_of_a_published_post_hides_it_everywhere_and_the_body_goes"),
    (6, "the header of a deleted opening stays", "ingest/test_threads.py",
     "test_an_opening_that_is_gone_leaves_its_answers_their_title"),
    (6, "a lacking segment is no error", "peers/test_sync.py",
     "test_a_segment_that_the_peer_does_not_keep_is_left_out"),
    (6, "at most 200 segments", "sealing/test_segments.py", "test_no_more_segments_than_a_head_can_name"),
    (7, "endpoints", "model/test_manifest.py", "test_endpoints_have_two_forms_only"),
    (7, "totals of a head", "model/test_manifest.py", "test_state_beyond_4_mib"),
    (7, "a segment is named once", "model/test_manifest.py", "test_a_segment_named_twice"),
    (7, "crit and v", "ingest/test_heads.py",
     "test_a_head_that_needs_a_newer_version_is_kept_and_nothing_of_it_shown"),
    (7, "crit and v are shown to the user", "control/test_cards.py", "test_who_needs_a_newer_version_is_shown"),
    (7, "head and pointer agree", "model/test_manifest.py", "test_a_head_that_disagrees_with_its_pointer"),
    (7, "a pointer is a BEP 44 item", "model/test_manifest.py", "test_forged_pointer"),
    (8, "seq rises", "sealing/test_heads.py", "test_seq_is_the_clock_unless_that_would_stand_still"),
    (8, "a clock set back", "sealing/test_heads.py", "test_a_clock_set_back_makes_no_older_head_and_hides_no_post"),
    (8, "early heads are parked", "ingest/test_parked.py",
     "test_a_head_of_the_future_is_parked_until_its_time_has_come"),
    (8, "what is parked proves nothing", "ingest/test_parked.py", "test_a_parked_head_is_no_rollback_and_no_fork"),
    (8, "what is parked is bounded", "ingest/test_parked.py", "test_parked_heads_of_all_have_a_limit_together"),
    (8, "an author whose clock was wrong", "sealing/test_when.py",
     "test_an_author_whose_clock_was_days_ahead_starts_again_from_what_peers_hold"),
    (8, "two peers confirm the clock", "sealing/test_when.py", "test_two_friends_have_to_confirm_the_clock"),
    (8, "rollback", "ingest/test_heads.py", "test_older_head_is_a_rollback_and_no_news"),
    (8, "rollback memory without trust", "ingest/test_heads.py",
     "test_the_highest_head_is_not_forgotten_when_trust_is_taken_back"),
    (8, "rollback memory without content", "retention/test_retention.py",
     "test_the_highest_head_is_not_forgotten_when_the_posts_have_expired"),
    (8, "a backup asks before it publishes", "journeys/test_restore.py",
     "test_an_old_store_is_brought_up_to_date_before_anything_is_published"),
    (8, "a fork and its proof", "ingest/test_heads.py",
     "test_fork_keeps_the_proof_and_the_lower_hash_whatever_came_first"),
    (8, "all nodes converge", "ingest/test_forks.py", "test_of_three_heads_of_one_seq_everybody_keeps_the_lowest"),
    (8, "fork: between prev and seq", "ingest/test_forks.py",
     "test_a_pointer_between_prev_and_the_held_head_is_a_fork"),
    (8, "fork: another hash than prev's", "ingest/test_forks.py",
     "test_a_pointer_of_prev_s_seq_with_another_hash_is_a_fork"),
    (8, "no fork in line", "ingest/test_forks.py", "test_heads_in_line_are_no_fork"),
    (8, "forks are passed on", "ingest/test_moves.py", "test_a_fork_that_others_saw_is_noted_and_passed_on"),
    (8, "the next head heals", "ingest/test_heads.py", "test_the_next_head_heals_a_fork"),
    (8, "merge clears the mark", "control/test_cards.py", "test_a_fork_is_shown_until_it_is_healed"),
    (8, "nobody's words are lost", "ingest/test_forks.py", "test_one_key_on_two_nodes_forks_warns_and_heals"),
    (8, "a pin keeps history", "journeys/test_pin_then_ban.py", "test_a_ban_after_a_pin_keeps_the_old_posts"),
    (9, "the first next is pinned", "ingest/test_moves.py",
     "test_a_head_with_another_recovery_key_is_refused_and_logged"),
    (9, "next_by leads there", "model/test_succession.py", "test_the_walk_begins_at_the_item_of_the_pinned_key"),
    (9, "a move", "ingest/test_moves.py", "test_ratings_follow_somebody_who_moved"),
    (9, "a revocation", "ingest/test_moves.py", "test_a_revoked_identity_ends_and_nobody_follows"),
    (9, "from is frozen at last", "ingest/test_moves.py",
     "test_what_was_published_after_the_last_good_version_does_not_count"),
    (9, "two moves of one identity", "ingest/test_moves.py",
     "test_of_two_successors_neither_gets_anything_until_the_owner_decides"),
    (9, "a move by the old key alone", "ingest/test_moves.py",
     "test_a_move_signed_by_the_stolen_key_does_nothing"),
    (10, "order of a bundle", "model/test_bundle.py", "test_another_order"),
    (10, "limits of a bundle", "model/test_bundle.py", "test_an_offer_beyond_4_mib_is_cut_off_while_it_is_read"),
    (10, "slices", "ingest/test_segments.py", "test_slices_that_break_a_rule_leave_nothing_behind"),
    (10, "refused whole", "ingest/test_heads.py",
     "test_a_broken_offer_is_logged_with_its_source_and_leaves_nothing_behind"),
    (10, "quota of first contact", "ingest/test_quotas.py",
     "test_first_contact_takes_the_newest_and_the_rest_on_later_days"),
    (10, "quota of full members", "ingest/test_quotas.py", "test_a_full_member_may_post_so_much_a_day"),
    (10, "quota of limited members", "ingest/test_quotas.py", "test_a_limited_member_may_post_less"),
    (10, "carries count", "ingest/test_quotas.py", "test_a_carry_counts_against_its_carrier"),
    (10, "own posts and imports do not", "ingest/test_quotas.py",
     "test_own_posts_and_what_the_owner_imports_are_not_counted"),
    (10, "excess is passed on", "ingest/test_quotas.py", "test_what_waits_is_kept_and_served_byte_for_byte"),
    (10, "a fetch stops", "ingest/test_quotas.py", "test_a_fetch_stops_when_the_day_s_octets_have_come"),
    (10, "pace of state", "ingest/test_parked.py", "test_state_alone_comes_in_a_burst_of_eight_and_one_an_hour"),
    (11, "own names only", "peers/test_exchange.py", "test_conversations"),
    (11, "statuses", "peers/test_api.py", "test_statuses"),
    (11, "head and ETag", "peers/test_api.py", "test_a_head_has_a_tag"),
    (11, "ranges and packing", "peers/test_api.py", "test_a_segment_whole_in_part_and_packed"),
    (11, "beats", "peers/test_api.py", "test_a_held_feed_beats_and_answers_at_once_when_there_is_news"),
    (11, "one answer in five seconds", "peers/test_api.py", "test_one_connection_gets_one_answer_in_five_seconds"),
    (11, "cursors of another epoch", "peers/test_sync.py", "test_an_unknown_epoch_lists_from_the_start"),
    (11, "fetch", "peers/test_api.py", "test_fetch_brings_what_is_newer"),
    (11, "push is a hint", "peers/test_api.py", "test_a_push_is_taken_and_answered_with_what_is_held"),
    (11, "pushes keep a pace", "peers/test_api.py", "test_pushes_of_one_identity_keep_a_pace"),
    (12, "no polling of single identities", "peers/test_spread.py",
     "test_no_request_names_somebody_whom_that_peer_has_not_listed"),
    (12, "sources", "peers/test_schedule.py", "test_five_sources_are_held_and_redrawn"),
    (12, "push to mutuals on line", "peers/test_schedule.py",
     "test_a_new_head_goes_once_to_the_mutuals_who_are_on_line"),
    (12, "sealed at once: first ratings", "sealing/test_when.py",
     "test_the_first_rating_of_somebody_is_sealed_at_once"),
    (12, "sealed at once: negative ratings", "sealing/test_when.py", "test_a_negative_rating_is_sealed_at_once"),
    (12, "sealed at once: deletions", "sealing/test_when.py", "test_deletions_are_sealed_at_once"),
    (12, "sealed at once: endpoints", "sealing/test_when.py", "test_endpoints_are_sealed_at_once"),
    (12, "other state waits", "sealing/test_when.py", "test_other_state_waits_for_six_hours"),
)  # fmt: skip

ATTACKS: tuple[tuple[str, str, str], ...] = (
    ("rollback", "peers/test_sync.py", "test_an_older_head_is_a_rollback"),
    ("fork", "ingest/test_heads.py", "test_fork_keeps_the_proof_and_the_lower_hash_whatever_came_first"),
    ("forks without end", "ingest/test_forks.py", "test_a_key_that_forks_without_end_fills_no_disk"),
    ("false accusation of a fork", "model/test_forks.py",
     "test_nobody_is_accused_of_a_fork_without_two_signatures"),
    ("freeze", "peers/test_sync.py", "test_a_source_that_freezes_an_author_hides_nothing_that_others_have"),
    ("endless data", "peers/test_transport.py", "test_a_body_is_unpacked_and_measured"),
    ("wrong hash", "peers/test_hostile_peers.py", "test_a_segment_that_is_a_lie"),
    ("oversize segment", "model/test_manifest.py", "test_a_segment_beyond_512_kib"),
    ("compression bomb", "peers/test_transport.py", "test_a_body_is_unpacked_and_measured"),
    ("slow drip", "peers/test_transport.py", "test_a_server_that_drips_or_stops_is_left_in_time"),
    ("slow visitors", "peers/test_web.py", "test_the_slow_are_cut_in_time"),
    ("cursor abuse", "peers/test_hostile_peers.py", "test_a_feed_that_is_a_lie"),
    ("replayed push", "peers/test_api.py", "test_an_older_push_is_a_conflict_and_the_same_one_is_fine"),
    ("foreign head", "peers/test_hostile_peers.py", "test_a_head_that_is_a_lie"),
    ("burnt seq space", "ingest/test_parked.py", "test_a_thief_cannot_burn_the_number_space"),
    ("small-order key", "model/test_vectors.py", "test_small_order_and_non_canonical_keys_sign_nothing"),
    ("mixed onion and local", "peers/test_transport.py", "test_an_onion_node_refuses_every_other_address"),
    ("mixed local and onion", "peers/test_transport.py", "test_a_local_node_refuses_every_other_name"),
    ("flood of posts", "ingest/test_quotas.py", "test_a_full_member_may_post_so_much_a_day"),
    ("flood of votes", "ingest/test_parked.py", "test_state_alone_comes_in_a_burst_of_eight_and_one_an_hour"),
    ("stolen key", "ingest/test_parked.py", "test_a_thief_of_ones_own_key_is_told_of_at_once"),
)  # fmt: skip


def _defines(file: str, test: str) -> bool:
    path = ROOT / "tests" / file
    return path.exists() and bool(re.search(rf"^(async )?def {test}\(", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize(("section", "rule", "file", "test"), RULES)
def test_each_rule_has_a_test(section: int, rule: str, file: str, test: str) -> None:
    assert _defines(file, test), f"section {section}, {rule}: there is no {test} in {Path('tests') / file}"


@pytest.mark.parametrize(("attack", "file", "test"), ATTACKS)
def test_each_attack_has_a_test(attack: str, file: str, test: str) -> None:
    assert _defines(file, test), f"{attack}: there is no {test} in {Path('tests') / file}"


def test_no_section_is_left_out() -> None:
    """Of those that have rules: 13 has limits, which test_protocol_document.py compares, 14 the vectors."""
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", DOCUMENT.read_text(), re.MULTILINE)]
    assert sorted({section for section, *_ in RULES}) == [number for number in numbers if number <= 12]
