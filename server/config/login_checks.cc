#include "server/config/login_checks.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "server/config/suggestion.h"

namespace pgsluice {

namespace {

// Of a login, and of a user: PostgreSQL cuts a longer one, and asks for another.
constexpr size_t kLongestName = 63;
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

class LoginChecker final {
 public:
  explicit LoginChecker(const config::v1::Config& config) : config_(config) {}

  std::vector<Complaint> Run() {
    for (int i = 0; i < config_.logins_size(); ++i) CheckLogin(i);
    for (int i = 0; i < config_.callers_size(); ++i) CheckCaller(i);
    return std::move(complaints_);
  }

 private:
  void Fail(const std::string& path, std::string_view what) {
    complaints_.push_back({{path}, absl::StrCat(path, ": ", std::string(what))});
  }

  void CheckLogin(int index) {
    const config::v1::Login& login = config_.logins(index);
    const std::string path = absl::StrCat("logins[", index, "]");
    CheckName(login.name(), index, path + ".name");
    if (login.user().empty()) {
      Fail(path + ".user", "may not be empty");
    } else if (login.user().size() > kLongestName) {
      Fail(path + ".user", "is longer than the name of a user can be, 63 bytes");
    }
    if (login.cert_file().empty() != login.key_file().empty()) {
      Fail(path + (login.cert_file().empty() ? ".key_file" : ".cert_file"),
           "cert_file and key_file go together");
    }
    CheckPool(login.primary(), config_.pools().primary(), path + ".primary");
    CheckPool(login.replica(), config_.pools().replica(), path + ".replica");
  }

  void CheckName(const std::string& name, int index, const std::string& path) {
    if (name.empty() || name.size() > kLongestName ||
        name.find_first_not_of(kNameCharacters) != std::string::npos) {
      return Fail(path, "has to have 1 to 63 letters, digits and ._-");
    }
    for (int i = 0; i < index; ++i) {
      if (config_.logins(i).name() != name) continue;
      return Fail(path, absl::StrCat("is the name of logins[", i, "] too"));
    }
  }

  void CheckPool(const config::v1::LoginPool& pool, const config::v1::Pool& own,
                 const std::string& path) {
    const bool is_given = pool.max_size() > 0;
    const uint32_t most = is_given ? pool.max_size() : own.max_size();
    if (pool.min_size() <= most) return;
    Fail(path + ".min_size",
         absl::StrCat("(", pool.min_size(), ") is above max_size (", most,
                      is_given ? ")" : ", as the pools of the same role)"));
  }

  void CheckCaller(int index) {
    const std::string& name = config_.callers(index).login();
    if (name.empty()) return;
    std::vector<std::string> known;
    for (const config::v1::Login& login : config_.logins()) known.push_back(login.name());
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    Fail(absl::StrCat("callers[", index, "].login"),
         absl::StrCat("there is no login \"", name, "\" in logins",
                      DidYouMean(name, known)));
  }

  const config::v1::Config& config_;
  std::vector<Complaint> complaints_;
};

}  // namespace

std::vector<Complaint> CheckLogins(const config::v1::Config& config) {
  return LoginChecker(config).Run();
}

}  // namespace pgsluice
