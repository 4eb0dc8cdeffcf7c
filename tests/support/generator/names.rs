//! Invented people, and what their accounts are called.

use super::{
    Kind::{self, *},
    Options,
};

const GIVEN: [&str; 48] = [
    "Ada", "Ahmed", "Aiko", "Alice", "Amara", "Anna", "Anton", "Beatriz", "Ben", "Carla", "Chen", "Clara", "Daniel",
    "David", "Elena", "Emil", "Emma", "Fatima", "Felix", "Finn", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jana",
    "Jonas", "Julia", "Kofi", "Lara", "Lena", "Leo", "Luca", "Maria", "Marta", "Mateo", "Mia", "Nadia", "Noah", "Olga",
    "Omar", "Paul", "Priya", "Rosa", "Sara", "Tariq", "Tom", "Zoe",
];

/// Some of them look like the words by which workloads are found: Scanlon, Botha, Backus, Printz, Svcevic …
const SURNAMES: [&str; 97] = [
    "Abadi",
    "Adams",
    "Adler",
    "Appiah",
    "Apple",
    "Backus",
    "Baker",
    "Barros",
    "Batchelor",
    "Becker",
    "Bell",
    "Berg",
    "Botha",
    "Brandt",
    "Brown",
    "Bruno",
    "Castro",
    "Chan",
    "Clark",
    "Cohen",
    "Conti",
    "Costa",
    "Cruz",
    "Dahl",
    "Diaz",
    "Dubois",
    "Egger",
    "Ekman",
    "Eriksen",
    "Faber",
    "Fischer",
    "Fontaine",
    "Ford",
    "Fuchs",
    "Garcia",
    "Gomes",
    "Gruber",
    "Haas",
    "Hall",
    "Hansen",
    "Hoffmann",
    "Horvat",
    "Ivanov",
    "Jansen",
    "Jobson",
    "Jones",
    "Kaya",
    "Keller",
    "Khan",
    "Kim",
    "Klein",
    "Kovac",
    "Kumar",
    "Lang",
    "Larsen",
    "Lee",
    "Lopez",
    "Maier",
    "Marino",
    "Martin",
    "Meyer",
    "Moreau",
    "Mori",
    "Nagy",
    "Nguyen",
    "Novak",
    "Okafor",
    "Olsen",
    "Patel",
    "Perez",
    "Petit",
    "Popov",
    "Printz",
    "Reyes",
    "Ricci",
    "Rossi",
    "Roy",
    "Saari",
    "Sato",
    "Scanlon",
    "Schmidt",
    "Silva",
    "Singh",
    "Smith",
    "Sousa",
    "Svcevic",
    "Svensson",
    "Synek",
    "Tanaka",
    "Torres",
    "Vogel",
    "Wagner",
    "Weber",
    "White",
    "Wolf",
    "Yilmaz",
    "Zhang",
];

pub(super) const DEPARTMENTS: [&str; 14] = [
    "Accounting",
    "Customer Service",
    "Design",
    "Engineering",
    "Facilities",
    "Finance",
    "Human Resources",
    "IT",
    "Legal",
    "Logistics",
    "Marketing",
    "Production",
    "Research",
    "Sales",
];

pub(super) const TITLES: [&str; 12] = [
    "Account Manager",
    "Accountant",
    "Analyst",
    "Assistant",
    "Buyer",
    "Controller",
    "Designer",
    "Engineer",
    "Manager",
    "Project Lead",
    "Specialist",
    "Team Lead",
];

pub(super) const OFFICES: [&str; 8] = [
    "Berlin 1/12",
    "Hamburg 3/04",
    "Lyon 2/21",
    "Madrid 0/07",
    "Oslo 5/10",
    "Porto 1/01",
    "Vienna 4/16",
    "Zürich 2/08",
];

/// Given name, surname and sign-in name of the human `index`: no two alike, whatever the size.
pub(super) fn human(seed: u64, index: usize) -> (&'static str, &'static str, String) {
    let pairs = GIVEN.len() * SURNAMES.len();
    // 7,919 is prime to the number of pairs, so each pair occurs once before the first occurs again.
    let pair = (index % pairs * 7_919 + seed as usize % pairs) % pairs;
    let (given, surname) = (GIVEN[pair % GIVEN.len()], SURNAMES[pair / GIVEN.len()]);
    let number = index / pairs;
    let suffix = if number == 0 { String::new() } else { number.to_string() };
    (given, surname, format!("{}.{}{suffix}", given.to_lowercase(), surname.to_lowercase()))
}

pub(super) fn name(options: Options, kind: Kind, index: usize) -> String {
    let local = match kind {
        Scanner => format!("{}-{index}", ["scan", "copier", "mfp", "scanner"][index % 4]),
        Backup => format!("{}-{index}", ["svc-backup", "svc-veeam", "backup"][index % 3]),
        Bot => format!("{}-{index}", ["svc-crm", "api-erp", "bot-helpdesk", "batch-invoices"][index % 4]),
        IdleService => format!("{}-{index}", ["svc-legacy", "sql-agent", "relay"][index % 3]),
        TeamsRoom => format!("mtr-room{index}"),
        Room => format!("room{index}"),
        SharedMailbox => format!("{}{index}", ["info", "orders", "office", "careers"][index % 4]),
        Sync => return format!("Sync_SRV{index:02}_0a1b2c3d4e5f@contoso.onmicrosoft.com"),
        BreakGlass => return format!("emergency{index}@contoso.onmicrosoft.com"),
        Guest => return format!("{}_fabrikam.com#EXT#@contoso.onmicrosoft.com", human(options.seed, index).2),
        _ => human(options.seed, index).2,
    };
    format!("{local}@contoso.com")
}
