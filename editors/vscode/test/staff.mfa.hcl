# SYNTAX TEST "source.mfaplan" "Blocks, arguments, templates"
mfa "staff" {
# <--- entity.name.type.mfaplan
#   ^^^^^^^ string.quoted.double.label.mfaplan
  state = "enforced"
# ^^^^^ variable.other.property.mfaplan
#       ^ keyword.operator.assignment.mfaplan
#         ^^^^^^^^^^ string.quoted.double.mfaplan
  where = lower(user.department) == "sales" && !null
#         ^^^^^ support.function.mfaplan
#               ^^^^ variable.language.mfaplan
#                    ^^^^^^^^^^ variable.other.member.mfaplan
#                                           ^^ keyword.operator.mfaplan
#                                               ^^^^ constant.language.mfaplan
  reason = "for ${[for x in var.names : { a = x }][0].a} end"
#               ^^ punctuation.section.template.begin.mfaplan
#                  ^^^ keyword.control.mfaplan
#                                                      ^ punctuation.section.template.end.mfaplan
#                                                       ^^^^ string.quoted.double.mfaplan
  staged { until = "2027-03-01" }
# ^^^^^^ entity.name.type.mfaplan
}
