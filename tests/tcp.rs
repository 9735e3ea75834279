//! The conformance captures about TCP: each scene is told by the generator of `captures/tcp/`, judged, and held against
//! its labels. Each test bears the rules that it is about.

#[path = "tcp/bench.rs"]
mod bench;
#[path = "../xtask/src/captures/tcp/scenes.rs"]
#[allow(dead_code)]
mod scenes;
#[path = "../xtask/src/captures/tcp/talk.rs"]
#[allow(dead_code)]
mod talk;

use bench::judge;

/// Judges a scene and holds it against everything it promises.
fn check(name: &str) {
    let all = scenes::all();
    let scene = all.iter().find(|scene| scene.name == name).unwrap_or_else(|| panic!("no scene {name}"));
    let judged = judge(scene.link, &scene.frames);
    let said = judged.told();
    for (packet, code, rule) in &scene.labels {
        assert!(judged.has(*packet, code, rule), "{name}: packet {packet} is not {code} by {rule}\n{said}");
    }
    for code in scene.never {
        assert!(!judged.notes.iter().any(|note| note.code() == *code), "{name}: {code} must not appear\n{said}");
    }
    if !scene.kinds.is_empty() {
        let kinds: Vec<_> = judged
            .report
            .connections
            .iter()
            .map(|connection| (connection.opening.kind, connection.closing.kind))
            .collect();
        assert_eq!(kinds, scene.kinds, "{name}: openings and closings\n{said}");
    }
    assert!(!judged.notes.iter().any(|note| note.pending), "{name}: everything is settled at the end\n{said}");
}

macro_rules! scenes {
    ($($test:ident $scene:literal;)*) => {
        $(
            #[test]
            fn $test() {
                check($scene);
            }
        )*

        #[test]
        fn every_scene_has_its_test() {
            let tested = [$($scene),*];
            for scene in scenes::all() {
                assert!(tested.contains(&scene.name), "{} has no test", scene.name);
            }
        }
    };
}

scenes! {
    s_01_d10_d28_a_lost_octet_is_no_keep_alive "s-01-one-octet-lost";
    s_02a_d25_k10_fast_retransmission "s-02a-fast-5ms";
    s_02b_d25_has_no_time_limit_at_10_ms "s-02b-fast-30ms-rtt-10";
    s_02c_d25_has_no_time_limit_at_100_ms "s-02c-fast-30ms-rtt-100";
    s_02d_d19_a_late_fill_near_the_receiver_was_sent_again "s-02d-near-receiver";
    s_04_d2_k6_k7_w2_zero_window_probes "s-04-zero-window";
    s_05_t3_simultaneous_close "s-05-simultaneous-close";
    s_06_t1_four_segments "s-06-four-segments";
    s_06b_t2_three_segments "s-06b-three-segments";
    s_07_h7_simultaneous_open "s-07-simultaneous-open";
    s_07b_h8_split_handshake "s-07b-split-handshake";
    s_08_k12_repeated_acks_are_no_duplicates "s-08-repeated-ack";
    s_11_h3_h4_syn_and_syn_ack_again "s-11-syn-again";
    s_14_t10_d23_fin_again "s-14-fin-again";
    s_15_h17_k1_start_in_the_middle "s-15-midway";
    s_16_h11_r1_refused "s-16-r1-refused";
    s_16_h16_r2_withdrawn "s-16-r2-withdrawn";
    s_16_r3_too_late "s-16-r3-too-late";
    s_16_r4_unread "s-16-r4-unread";
    s_16_r5_gave_up "s-16-r5-gave-up";
    s_16_r6_unknown "s-16-r6-unknown";
    s_17_d12_d15_reordered "s-17-reordered";
    s_18_d8_d3_k5_keep_alive_with_filler "s-18-keep-alive";
    s_27_d27_k8_d_sack_proves_the_probe_unneeded "s-27-tail-loss-probe-unneeded";
    s_27b_d27_tail_loss_probe "s-27b-tail-loss-probe";
    s_28a_p5_mirrored "s-28a-mirrored";
    s_28b_p5_routed "s-28b-routed";
    s_28c_p6_loopback "s-28c-loopback";
    s_29_p3_offload "s-29-offload";
    s_30_t4_t6_half_close "s-30-half-close";
    s_31_c3_h13_r7_half_open_peer "s-31-half-open-peer";
    s_32_r8_k9_reset_ignored "s-32-reset-ignored";
    s_33a_h9_fast_open_request "s-33a-fast-open-request";
    s_33b_h9_fast_open_accepted "s-33b-fast-open-accepted";
    s_33c_h9_fast_open_refused "s-33c-fast-open-refused";
    s_34_h6_second_answer "s-34-second-answer";
    s_35a_p2_snaplen_54 "s-35a-snaplen-54";
    s_35b_p2_snaplen_66 "s-35b-snaplen-66";
    s_36_d17_captured_late "s-36-captured-late";
    s_37a_numbers_wrap "s-37a-wrap";
    s_37b_numbers_wrap_in_a_hole "s-37b-wrap-in-a-hole";
    s_38_w1_scale_unknown "s-38-scale-unknown";
    s_39_p1_padding "s-39-padding";
    s_41_time_backwards "s-41-time-backwards";
    d24_conflicting_retransmission "conflicting-retransmission";
    h1_handshake "handshake";
    h5_wrong_syn_ack "wrong-syn-ack";
    h12_rejected "rejected-by-router";
    h14_unanswered "unanswered";
    h15_half_open "half-open";
    w3_w5_window_full_and_shrunk "window-full-and-shrunk";
}

#[test]
fn the_captures_in_the_tree_are_what_the_generator_makes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/tcp");
    for scene in scenes::all() {
        let path = folder.join(format!("{}.pcap", scene.name));
        let file = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask captures", path.display()));
        let octets: usize = scene.frames.iter().map(|frame| 16 + frame.octets.len()).sum();
        assert_eq!(file.len(), 24 + octets, "{} is stale: run cargo xtask captures", scene.name);
    }
}
