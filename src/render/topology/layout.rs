//! Where the boxes of a network are drawn.
//!
//! Boxes with one neighbour (most hosts) are set around that neighbour, on the sides that are free. The others, the
//! network's backbone, are placed so that distances on paper are like those in the network (stress majorization after
//! Gansner, Koren and North, 2004): a chain becomes a line, a loop a regular polygon. The long side lies flat. Everything
//! begins at places that follow from the order of the boxes, so the same network always looks the same.

use std::f64::consts::{PI, TAU};

/// The centre of each box, and the extent of the whole.
pub(super) struct Places {
    pub points: Vec<(i32, i32)>,
    pub width: i32,
    pub height: i32,
}

/// Between the centres of neighbours in the backbone.
const STEP: f64 = 215.0;
/// From a box to those around it, at least.
const RING: f64 = 132.0;
/// How much further out every second one stands where there are many.
const SECOND: f64 = 70.0;
/// Boxes are wider than high, so rings are, too.
const FLAT: f64 = 1.4;
/// Room around the centres of the outermost boxes.
const MARGIN: (f64, f64) = (72.0, 48.0);
/// Steps of the majorization that are spent at most, each a pair of boxes: small networks settle within a thousand rounds.
const PAIRS: usize = 20_000_000;
/// Backbones above this are set in a circle: distances of all pairs would take too long.
const MAX_BACKBONE: usize = 300;

type Point = (f64, f64);

/// Places `count` boxes with these cables between them.
pub(super) fn places(count: usize, edges: &[(usize, usize)], is_dense: bool) -> Places {
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (one, other) in edges.iter().filter(|(one, other)| one != other) {
        if !near[*one].contains(other) {
            near[*one].push(*other);
            near[*other].push(*one);
        }
    }
    let mut points: Vec<Point> = vec![(0.0, 0.0); count];
    let mut right = 0.0;
    let mut seen = vec![false; count];
    for first in 0..count {
        if seen[first] {
            continue;
        }
        let part = component(first, &near, &mut seen);
        place_part(&part, &near, is_dense, &mut points);
        // Parts that no cable joins stand side by side.
        let left = part.iter().map(|one| points[*one].0).fold(f64::INFINITY, f64::min);
        let middle = part.iter().map(|one| points[*one].1).sum::<f64>() / part.len() as f64;
        for one in &part {
            points[*one] = (points[*one].0 - left + right, points[*one].1 - middle);
        }
        right = part.iter().map(|one| points[*one].0).fold(right, f64::max) + STEP;
    }
    let least = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    if points.is_empty() {
        return Places { points: Vec::new(), width: 0, height: 0 };
    }
    let (left, top) = (least(|point| point.0), least(|point| point.1));
    let width = most(|point| point.0) - left + 2.0 * MARGIN.0;
    let height = most(|point| point.1) - top + 2.0 * MARGIN.1;
    let whole = |(x, y): &Point| ((x - left + MARGIN.0).round() as i32, (y - top + MARGIN.1).round() as i32);
    Places { points: points.iter().map(whole).collect(), width: width.round() as i32, height: height.round() as i32 }
}

/// Everything that is joined to `first`, in the order of the boxes.
fn component(first: usize, near: &[Vec<usize>], seen: &mut [bool]) -> Vec<usize> {
    let mut part = vec![first];
    seen[first] = true;
    let mut next = 0;
    while let Some(one) = part.get(next).copied() {
        next += 1;
        for other in &near[one] {
            if !std::mem::replace(&mut seen[*other], true) {
                part.push(*other);
            }
        }
    }
    part.sort_unstable();
    part
}

fn place_part(part: &[usize], near: &[Vec<usize>], is_dense: bool, points: &mut [Point]) {
    if let [one, other] = *part {
        (points[one], points[other]) = ((0.0, 0.0), (STEP + 80.0, 0.0));
        return;
    }
    let is_leaf = |one: usize| near[one].len() == 1;
    let backbone: Vec<usize> = part.iter().copied().filter(|one| !is_leaf(*one)).collect();
    let leaves = |of: usize| near[of].iter().copied().filter(|one| is_leaf(*one)).collect::<Vec<_>>();
    let rings: Vec<f64> = backbone
        .iter()
        .map(|one| radius(leaves(*one).len(), near[*one].iter().filter(|other| !is_leaf(**other)).count(), is_dense))
        .collect();
    let mut inner = place_backbone(&backbone, near, &rings);
    lay_flat(&mut inner);
    for (one, point) in backbone.iter().zip(&inner) {
        points[*one] = *point;
    }
    for (one, ring) in backbone.iter().zip(&rings) {
        let (x, y) = points[*one];
        let mut taken: Vec<f64> = near[*one]
            .iter()
            .filter(|other| !is_leaf(**other))
            .map(|other| (points[*other].1 - y).atan2(points[*other].0 - x))
            .collect();
        taken.sort_by(f64::total_cmp);
        let own = leaves(*one);
        for (index, (leaf, angle)) in own.iter().zip(angles(own.len(), &taken)).enumerate() {
            // Where many stand around one box, every second one stands further out.
            let out = if own.len() > 24 && index % 2 == 1 { ring + SECOND } else { *ring };
            points[*leaf] = (x + FLAT * out * angle.cos(), y + out * angle.sin());
        }
    }
}

/// How far from their box `count` leaves stand, if it has so many neighbours in the backbone.
fn radius(count: usize, neighbours: usize, is_dense: bool) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let arc = match neighbours {
        0 => TAU,
        1 => 1.5 * PI,
        _ => 1.2 * PI,
    };
    let spacing = if is_dense { 62.0 } else { 112.0 };
    let in_ring = if count > 24 { count.div_ceil(2) } else { count };
    RING.max(spacing * in_ring as f64 / arc)
}

/// How far a ring of leaves reaches towards the next box of the backbone: a small one leaves that side free.
fn reach(ring: f64) -> f64 {
    if ring <= RING * 1.2 { 0.0 } else { FLAT * (ring + SECOND) }
}

/// Angles for `count` leaves, away from the angles that are taken, which ascend.
fn angles(count: usize, taken: &[f64]) -> Vec<f64> {
    if taken.is_empty() {
        return (0..count).map(|index| PI + TAU * index as f64 / count as f64).collect();
    }
    // The gaps between taken angles get leaves one by one, always the one with the most room.
    let gaps: Vec<(f64, f64)> = (0..taken.len())
        .map(|index| {
            let next = if index + 1 < taken.len() { taken[index + 1] } else { taken[0] + TAU };
            (taken[index], next - taken[index])
        })
        .collect();
    let mut shares = vec![0_usize; gaps.len()];
    for _ in 0..count {
        let roomiest = (0..gaps.len()).fold(0, |best, index| {
            let room = |index: usize| gaps[index].1 / (shares[index] + 1) as f64;
            if room(index) > room(best) + 1e-9 { index } else { best }
        });
        shares[roomiest] += 1;
    }
    let share = |((start, gap), share): (&(f64, f64), &usize)| {
        let (start, gap, share) = (*start, *gap, *share);
        (0..share).map(move |index| start + gap * (index + 1) as f64 / (share + 1) as f64).collect::<Vec<_>>()
    };
    gaps.iter().zip(&shares).flat_map(share).collect()
}

/// Places the backbone so that distances are like those in the network.
fn place_backbone(backbone: &[usize], near: &[Vec<usize>], rings: &[f64]) -> Vec<Point> {
    let count = backbone.len();
    let circle = |index: usize, radius: f64| {
        let angle = PI + TAU * index as f64 / count as f64;
        (radius * angle.cos(), radius * angle.sin())
    };
    if count > MAX_BACKBONE {
        return (0..count).map(|index| circle(index, STEP * count as f64 / TAU)).collect();
    }
    let distances = distances(backbone, near, rings);
    if let Some(end) = end_of_chain(backbone, near) {
        // Majorization makes a chain straight, but slowly.
        return (0..count).map(|index| (distances[end][index], 0.0)).collect();
    }
    // Begins on a circle in the order of the distance from the first, each a little further out, so that nothing is
    // exactly symmetric.
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| distances[0][*one].total_cmp(&distances[0][*other]));
    let mut points = vec![(0.0, 0.0); count];
    for (place, index) in order.into_iter().enumerate() {
        let (x, y) = circle(place, STEP);
        points[index] = (x + distances[0][index], y + place as f64);
    }
    for _ in 0..(PAIRS / (count * count)).clamp(100, 1000) {
        let before = points.clone();
        for one in 0..count {
            let (mut x, mut y, mut sum) = (0.0, 0.0, 0.0);
            for other in (0..count).filter(|other| *other != one) {
                let wanted = distances[one][other];
                let weight = 1.0 / (wanted * wanted);
                let (dx, dy) = (before[one].0 - before[other].0, before[one].1 - before[other].1);
                let now = (dx * dx + dy * dy).sqrt().max(1e-3);
                x += weight * (before[other].0 + wanted * dx / now);
                y += weight * (before[other].1 + wanted * dy / now);
                sum += weight;
            }
            if sum > 0.0 {
                points[one] = (x / sum, y / sum);
            }
        }
    }
    points
}

/// The first end of a backbone that is a chain.
fn end_of_chain(backbone: &[usize], near: &[Vec<usize>]) -> Option<usize> {
    let inner = |one: usize| near[one].iter().filter(|other| backbone.contains(other)).count();
    let cables: usize = backbone.iter().map(|one| inner(*one)).sum::<usize>() / 2;
    let is_chain = cables + 1 == backbone.len() && backbone.iter().all(|one| inner(*one) <= 2);
    backbone.iter().position(|one| inner(*one) <= 1).filter(|_| is_chain)
}

/// Wanted distances between all pairs of the backbone: the shortest way over its cables.
fn distances(backbone: &[usize], near: &[Vec<usize>], rings: &[f64]) -> Vec<Vec<f64>> {
    let count = backbone.len();
    let mut all = vec![vec![f64::INFINITY; count]; count];
    for (one, row) in all.iter_mut().enumerate() {
        row[one] = 0.0;
        for (other, cell) in row.iter_mut().enumerate() {
            if near[backbone[one]].contains(&backbone[other]) {
                // Where many stand around a box, its ring needs room.
                *cell = STEP.max(reach(rings[one]) + reach(rings[other]) + 90.0);
            }
        }
    }
    for between in 0..count {
        for one in 0..count {
            for other in 0..count {
                let way = all[one][between] + all[between][other];
                if way < all[one][other] {
                    all[one][other] = way;
                }
            }
        }
    }
    all
}

/// Turns the points so that their long axis is flat and the first lies on the left.
fn lay_flat(points: &mut [Point]) {
    let count = points.len() as f64;
    let (sum_x, sum_y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in points.iter().map(|(x, y)| (x - mean_x, y - mean_y)) {
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    let is_round = ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt() < 0.05 * (xx + yy);
    // Of what is as wide as high, such as a polygon, the first two lie flat.
    let angle = match points {
        [first, second, ..] if is_round => (second.1 - first.1).atan2(second.0 - first.0),
        _ => 0.5 * (2.0 * xy).atan2(xx - yy),
    };
    let (sin, cos) = (-angle).sin_cos();
    for point in points.iter_mut() {
        let (x, y) = (point.0 - mean_x, point.1 - mean_y);
        *point = (x * cos - y * sin, x * sin + y * cos);
    }
    let Some(first) = points.first().copied() else { return };
    // Mirrored and turned so that the first lies on the left, and no more below than above.
    let flip_x = if first.0 > 1.0 { -1.0 } else { 1.0 };
    let flip_y = if first.1 > 1.0 { -1.0 } else { 1.0 };
    for point in points.iter_mut() {
        *point = (point.0 * flip_x, point.1 * flip_y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(places: &Places, one: usize, other: usize) -> f64 {
        let ((x, y), (other_x, other_y)) = (places.points[one], places.points[other]);
        f64::from(x - other_x).hypot(f64::from(y - other_y))
    }

    #[test]
    fn a_chain_lies_flat_from_left_to_right() {
        let places = places(5, &[(0, 1), (1, 2), (2, 3), (3, 4)], false);
        for pair in places.points.windows(2) {
            assert!(pair[1].0 - pair[0].0 > 100, "{:?}", places.points);
            assert!((pair[1].1 - pair[0].1).abs() < 4, "{:?}", places.points);
        }
    }

    #[test]
    fn a_loop_of_three_is_a_regular_triangle() {
        let places = places(3, &[(0, 1), (1, 2), (2, 0)], false);
        let sides = [distance(&places, 0, 1), distance(&places, 1, 2), distance(&places, 2, 0)];
        assert!(sides.iter().all(|side| (side - sides[0]).abs() < 3.0), "{sides:?}");
        assert!((places.points[0].1 - places.points[1].1).abs() < 3, "the first two lie flat");
    }

    #[test]
    fn boxes_do_not_cover_each_other() {
        for hosts in [3, 8, 12, 24, 64, 256] {
            let edges: Vec<(usize, usize)> = (1..=hosts).map(|host| (0, host)).collect();
            let is_dense = hosts > 30;
            let places = places(hosts + 1, &edges, is_dense);
            let room = if is_dense { 30.0 } else { 90.0 };
            for one in 0..=hosts {
                for other in 0..one {
                    assert!(distance(&places, one, other) > room, "{hosts} hosts: {one} and {other}");
                }
            }
            assert!(places.points.iter().all(|(x, y)| (0..places.width).contains(x) && (0..places.height).contains(y)));
        }
    }

    #[test]
    fn parts_without_a_cable_between_them_stand_apart() {
        let places = places(4, &[(0, 1)], false);
        assert!(distance(&places, 1, 2) > 100.0 && distance(&places, 2, 3) > 100.0, "{:?}", places.points);
    }

    #[test]
    fn the_empty_network_has_no_places() {
        assert_eq!(places(0, &[], false).width, 0);
    }
}
